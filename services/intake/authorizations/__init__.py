"""Authorizations: granted units, what attendance takes of them, and alarms before they run out."""
