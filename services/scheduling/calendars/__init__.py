"""Calendars of staff, rooms and clients, read at secret addresses in neutral words."""
