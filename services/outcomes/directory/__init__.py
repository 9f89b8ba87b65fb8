"""The sites of the platform, as scheduling tells of them: by whose calendar days are counted."""
