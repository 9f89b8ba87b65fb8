"""Screening: item-level answers to standard instruments, scored with an explanation."""
