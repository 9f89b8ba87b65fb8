"""What a questionnaire's life, its answers and its wording allow."""
