"""What a consent is worth at an instant, and what it allows."""
