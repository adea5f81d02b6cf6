"""Evaluation of models: queries with known answers, rankings, measures of their quality, and plots."""
