"""Seats: which cohort a client joins and why, and who waits for one."""
