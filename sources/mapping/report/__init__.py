"""What became of every row that was read, with examples and advice."""
