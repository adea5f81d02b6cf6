"""Families of models: the names that each knows and where their weights lie, told without importing its library."""
