"""One-time links in messages, made by the service whose page they open."""
