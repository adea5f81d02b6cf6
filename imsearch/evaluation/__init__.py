"""Measuring how well models find pictures: queries, rankings, their quality, and plots of it."""
