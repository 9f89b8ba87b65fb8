"""When a message may go out: lead times, quiet hours, and how long it is of use."""
