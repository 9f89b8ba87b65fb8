"""Who is answerable for a client's treatment, within the caseload of each."""
