"""What went between a client and us, one after the other, for as long as texts are kept."""
