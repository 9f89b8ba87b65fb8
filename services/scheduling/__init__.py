"""Sites, cohorts, seats, sessions, and who came."""
