"""What was known about a subscriber at a moment: one row per (who, as_of)."""

import sources  # noqa: F401 - before Polars is loaded
