"""The commands. A module has one command, or a few related ones; a command is a function that returns its exit code."""
