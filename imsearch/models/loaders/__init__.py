"""Weights to networks: these modules import torch, and the libraries of the families.

Nothing here fetches anything: weights are on this machine, or an error says how to get them there.
"""
