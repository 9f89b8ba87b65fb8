"""The commands of `stepwell`, one module a command."""
