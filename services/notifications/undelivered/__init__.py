"""Messages that were given up or did not arrive: tried again, or discarded, by an operator."""
