"""When and how a client can take part: hours of the week, ways to come, language, needs."""
