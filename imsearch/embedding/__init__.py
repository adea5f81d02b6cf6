"""From changed files to vectors: reading, decoding and embedding in bulk."""
