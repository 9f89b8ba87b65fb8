"""Risks: what intake flagged and what comes out of the course of treatment, until they are over."""
