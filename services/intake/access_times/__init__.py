"""Access times: how many days people wait for the first screening and the first service."""
