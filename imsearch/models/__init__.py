"""Models as values, families of models that load by name, and engines that run models."""
