"""Duplicates: clients that are likely one person, shown with reasons, and merged by people only."""
