"""Intake: who was referred, what the screening says, which level of care fits, who is enrolled."""
