"""When measures are due, and what their change means. Pure."""
