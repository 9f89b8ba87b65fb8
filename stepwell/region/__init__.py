"""A seeded region of clinics, clients, answers and weeks, and the story told with a small one."""
