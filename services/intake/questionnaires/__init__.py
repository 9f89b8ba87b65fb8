"""Questionnaires: instruments given to a client to answer, at the site or by a one-time link."""
