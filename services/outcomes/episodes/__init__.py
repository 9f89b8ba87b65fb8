"""Episodes: when a client is in the program, as intake tells."""
