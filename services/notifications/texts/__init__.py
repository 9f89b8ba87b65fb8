"""What messages say: templates by language, the words that none may contain, and a site's name."""
