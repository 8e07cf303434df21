"""The state of each subscriber at a moment, by what was known then."""
