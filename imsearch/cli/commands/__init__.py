"""The commands, a module each or a small family. A command is a function that returns its exit code."""
