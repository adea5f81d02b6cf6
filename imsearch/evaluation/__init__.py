"""Measuring how well pictures are found: what is asked, how the answers are counted, and how that is drawn."""
