"""Reaching out after a missed session."""
