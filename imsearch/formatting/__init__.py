"""Words and drawings that the command line and the server share."""
