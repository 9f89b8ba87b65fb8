"""The whole system on one machine: real servers from packages, started and stopped in order."""
