"""Follow-up: surveys after the end of a stay, returns to treatment, and who is lost."""
