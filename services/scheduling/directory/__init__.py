"""The sites, each with the zone its wall clocks show."""
