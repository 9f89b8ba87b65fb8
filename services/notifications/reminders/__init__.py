"""Reminders before a session."""
