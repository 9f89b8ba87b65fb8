"""What providers and mailboxes tell us: how messages fared, and what was written back."""
