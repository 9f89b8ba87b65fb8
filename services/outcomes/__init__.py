"""Outcomes: scores over time, engagement, and whether a less intensive level would do."""
