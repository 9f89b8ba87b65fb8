"""Enrolment: a stay in the intensive outpatient program, from admission to step-down."""
