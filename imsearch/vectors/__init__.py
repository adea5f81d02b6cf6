"""The vector index, which proposes candidates: stored vectors that may be nearest to a probe."""
