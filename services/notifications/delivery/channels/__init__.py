"""The ways a message can take, behind one interface."""
