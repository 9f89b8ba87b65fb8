"""Level of care: dimensional ratings held against a policy, with an explanation."""
