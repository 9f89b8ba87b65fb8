"""The rooms of a site, and its telehealth rooms."""
