"""Who is expected at which session, and what is taken for it: nobody and nothing twice."""
