"""What a client's facts come to by a policy. Pure: days are those of the site's calendar."""
