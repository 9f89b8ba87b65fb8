"""A day at a site, and the week of a site, a person of the staff or a room."""
