"""Vectors to test search with, and the exact answers."""

import numpy as np


def clustered(count: int, dimensions: int, seed: int = 0) -> np.ndarray:
    """Unit vectors around some centres, their spectrum falling as that of embeddings does, rounded to float16."""
    rng = np.random.default_rng(seed)
    spectrum = 1 / np.sqrt(1 + np.arange(dimensions))
    centres = np.random.default_rng(99).normal(size=(60, dimensions)) * spectrum
    rows = centres[rng.integers(0, 60, count)] + 0.6 * rng.normal(size=(count, dimensions)) * spectrum
    return stored(rows)


def stored(rows: np.ndarray) -> np.ndarray:
    """Rows at unit length, rounded as the catalog does."""
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    rounded: np.ndarray = unit.astype(np.float16).astype(np.float32)
    return rounded


def nearest(matrix: np.ndarray, ids: np.ndarray, probe: np.ndarray, k: int) -> set[int]:
    """The ids of the ``k`` rows with the highest cosine."""
    scores = matrix @ probe / np.linalg.norm(matrix, axis=1)
    return set(ids[np.argsort(-scores, kind="stable")[:k]].tolist())
