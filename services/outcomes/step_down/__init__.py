"""Step-down: an explained recommendation, decided by a clinician."""
