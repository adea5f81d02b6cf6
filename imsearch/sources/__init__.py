"""Sources of pictures: they list files in order, and read them with their stamps."""
