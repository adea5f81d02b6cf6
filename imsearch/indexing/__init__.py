"""Index runs: what changed, and storing it."""
