"""The anonymous self-check: guidance from answers that are neither kept nor known to anybody."""
