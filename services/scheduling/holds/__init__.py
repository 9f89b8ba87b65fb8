"""Stays that are on hold: sessions missed meanwhile count nowhere."""
