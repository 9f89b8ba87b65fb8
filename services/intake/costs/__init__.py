"""Costs: what a program costs a client, line by line, beside a residential reference."""
