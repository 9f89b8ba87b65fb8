"""Signed consents: what was agreed to, in force until revoked or expired."""
