"""A weekly plan as values: what it is made from, what it is, and how good it can be at most.

`model`, and what rests on it, know the solver, and is imported when a plan is made.
"""
