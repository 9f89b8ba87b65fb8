"""Curricula in wall-clock times, and the sessions they become."""
