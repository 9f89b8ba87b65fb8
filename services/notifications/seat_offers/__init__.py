"""Seats that are held for those who wait: clients are told, in neutral words."""
