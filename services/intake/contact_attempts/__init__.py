"""Contact attempts: how often, and how, it was tried to reach a referred person."""
