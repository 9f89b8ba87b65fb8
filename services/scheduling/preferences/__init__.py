"""What intake tells of clients that matters for a seat, as copies of its events."""
