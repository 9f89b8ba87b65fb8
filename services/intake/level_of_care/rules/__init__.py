"""The level-of-care engine: pure decisions on ratings, policies and signatures."""
