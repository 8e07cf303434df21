"""A company's own tables become events, by a mapping file."""
