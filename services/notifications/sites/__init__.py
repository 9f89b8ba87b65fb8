"""The sites, as far as messages need them: whose calendar counts, and which region they are in."""
