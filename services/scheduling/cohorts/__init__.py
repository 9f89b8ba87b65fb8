"""The cohorts of a site: groups of clients who go through a curriculum together."""
