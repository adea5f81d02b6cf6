"""Index runs: finding out what changed, and storing it."""
