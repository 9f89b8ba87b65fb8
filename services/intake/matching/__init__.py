"""Matching: how alike two people are, by name, birth date and phone number."""
