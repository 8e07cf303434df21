"""Features by topic: all that an author of features opens."""
