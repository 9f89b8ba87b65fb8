"""Clients who must not be in one group; why is not kept."""
