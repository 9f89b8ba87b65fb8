"""Extracts that name nobody: rows of stays for whoever studies the programs of sites."""
