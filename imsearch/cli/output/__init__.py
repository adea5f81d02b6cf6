"""What people and programs see: results on stdout; progress, notes and errors on stderr."""
