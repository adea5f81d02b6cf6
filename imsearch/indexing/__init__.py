"""Index runs: what changed, reading, embedding, storing."""
