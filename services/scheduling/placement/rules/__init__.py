"""Which cohort a client joins, with the reasons. No I/O: cohorts and policy come in as values."""
