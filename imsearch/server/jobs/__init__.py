"""Long work started from the web, in child processes."""
