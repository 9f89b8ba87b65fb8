"""Which units a day takes, of which authorization, and when one comes to its end."""
