"""The output of commands: results on stdout; progress, notes and errors on stderr."""
