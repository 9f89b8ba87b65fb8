"""What the speed is checked against: floors measured in the same run, one file a claim."""
