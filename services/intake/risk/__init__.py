"""Risk flags: what a clinician has to see at once, acknowledged by name or escalated."""
