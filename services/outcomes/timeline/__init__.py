"""What happened in a client's stays, one after the other, from all that this service keeps."""
