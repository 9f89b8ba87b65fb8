"""Who is expected at which session."""
