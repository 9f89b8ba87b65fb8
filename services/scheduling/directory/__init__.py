"""Regions and sites with their hours, closed days and rooms, and the staff who work there."""
