"""The steps in their order, every night and every week, and the command line."""

import sources  # noqa: F401 - before Polars is loaded
