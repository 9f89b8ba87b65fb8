"""How events leave a service and arrive in another: outbox, relay, consumer, dead letters."""
