"""Models as values, their loading, and the engines that run them."""
