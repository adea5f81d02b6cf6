"""Loading networks from weights: these modules import torch, and the libraries of the families.

Nothing here downloads anything: weights are on this machine, or an error says how to get them there.
"""
