"""From events to messages by the rules in force, and what a rule would do, tried out."""
