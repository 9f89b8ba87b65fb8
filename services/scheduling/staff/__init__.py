"""The people of the staff who treat clients: what they may do, where and when they work."""
