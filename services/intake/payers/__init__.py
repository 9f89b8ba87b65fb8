"""Payers and billing codes: what a unit of each code means, and which payers ask for grants."""
