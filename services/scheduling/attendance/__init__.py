"""Who came to a session, for how long, and what becomes of those who did not."""
