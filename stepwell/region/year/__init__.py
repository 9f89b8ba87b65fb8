"""A seeded year of a small region: stays that end and begin again, merges, holds, closed days."""
