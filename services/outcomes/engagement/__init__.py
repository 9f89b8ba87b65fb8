"""Engagement: who came, over four rolling weeks, computed on the stream of attendance."""
