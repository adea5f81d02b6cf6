"""Candidate search over vectors."""
