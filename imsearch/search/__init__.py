"""Queries: probes and what they may cost, candidates, exact scores, hits, proofs."""
