"""The rolling window of a client's sessions, and the figures of it."""
