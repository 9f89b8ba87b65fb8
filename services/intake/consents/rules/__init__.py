"""How long a consent lasts, which state it is in, and what it lacks to be one."""
