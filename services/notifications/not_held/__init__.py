"""Sessions that the program does not hold: clients are told at once."""
