"""Billing units: of a day, what authorizations have left, and when the need is certified again."""
