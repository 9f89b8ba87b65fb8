"""Keycloak as the identity provider: its realm is kept in line with a file."""
