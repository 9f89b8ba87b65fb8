"""The services of the platform, by the names that folders, roles, topics and variables have."""

SERVICES = ("intake", "scheduling", "notifications", "outcomes")
