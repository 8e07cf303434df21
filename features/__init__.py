"""What was known about a subscriber at a moment: one row per (who, as_of)."""

if not __name__.startswith("perdura."):
    from perdura.flat_imports import folders_of_user

    __path__ = folders_of_user(__name__)

import perdura.sources  # noqa: F401 - before Polars is loaded  # pyright: ignore[reportUnusedImport]
