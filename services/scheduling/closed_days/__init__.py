"""The days on which a site is closed: holidays that it confirmed, and closures of its own."""
