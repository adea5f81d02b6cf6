"""Models as values, the families that load them, and the engines that run them."""
