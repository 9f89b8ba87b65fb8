"""The order of those who wait, and the seats that are held for them while they are asked."""
