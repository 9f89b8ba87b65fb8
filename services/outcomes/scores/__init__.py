"""Scores: what screenings said, over time."""
