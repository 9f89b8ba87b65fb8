"""What each client agreed to be reached by, for what and when, as intake tells of it."""
