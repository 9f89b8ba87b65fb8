"""Seats that are held for those who are asked: answered by staff or by link, or run out."""
