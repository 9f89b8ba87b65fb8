"""Hours of a program week: what counts, and which level of care they make."""
