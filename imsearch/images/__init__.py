"""Bytes to pixels: formats, decoding upright, capture facts, what models are shown, thumbnails."""
