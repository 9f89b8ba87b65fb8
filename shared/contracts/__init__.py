"""The events that services tell each other, as public contracts.

One module a publishing service; `topics` declares the topics they travel on. This package imports
only pydantic and the standard library, so that any subscriber can use it.
"""
