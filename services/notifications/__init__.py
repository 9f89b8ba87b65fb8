"""Notifications: which client is told what, when and how; the only service that sends messages."""
