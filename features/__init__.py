"""What was known about a subscriber at a moment: one row per (who, as_of)."""
