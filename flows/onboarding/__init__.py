"""A first mapping and settings, and a mapping tried out on its sources."""
