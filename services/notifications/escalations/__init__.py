"""Escalations: staff are told that something needs them, until somebody takes charge."""
