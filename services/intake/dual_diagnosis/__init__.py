"""Dual diagnosis: a substance-use disorder beside another mental disorder, and what it asks for."""
