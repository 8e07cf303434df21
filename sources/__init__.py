"""What happened: immutable events, how they are read in, and the state they add up to."""
