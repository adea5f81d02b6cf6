"""Queries: reading probes under a policy, candidates, exact scores, hits, proofs."""
