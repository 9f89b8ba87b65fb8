"""Measures: which instruments are to be answered when, and how a client changes by them."""
