"""Families of models: the names that each knows, and the places of weights. No family imports its library here."""
