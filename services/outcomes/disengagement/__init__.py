"""Disengagement: how likely a stay seems to break off, by weights that everybody can read."""
