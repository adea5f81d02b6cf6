"""Files and pixels: finding files, decoding them upright, taking in probes."""
