"""What a running service shows: traces, metrics and logs, none of which carries personal data."""
