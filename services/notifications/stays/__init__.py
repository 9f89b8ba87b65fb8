"""Which clients are in the program, on hold, or gone, as intake tells of it."""
