"""Jobs: long work that is started from the web, in child processes."""
