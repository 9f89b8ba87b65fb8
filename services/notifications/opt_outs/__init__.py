"""Addresses to which nothing goes any more: who wants that, what replies mean, how it ends."""
