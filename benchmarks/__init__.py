"""What the platform's speed is held against: floors measured in the same run, one file a claim."""
