"""From bytes to pixels: formats, decoding, what cameras noted, preparing pixels for models, thumbnails."""
