"""The sites of the platform, as scheduling tells of them."""
