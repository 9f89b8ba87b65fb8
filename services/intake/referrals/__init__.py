"""Referrals: a person comes to a site, with the ways to reach them."""
