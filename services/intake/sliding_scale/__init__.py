"""The sliding scale: which share of a charge a household pays, by the poverty guidelines."""
