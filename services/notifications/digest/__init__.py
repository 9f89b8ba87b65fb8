"""The daily digest for regional operations: counts of the day before, and nothing of anybody."""
