"""Messages on their way: planned, sent through a channel, and how they ended."""
