"""What was known about a subscriber at a moment: one row per (who, as_of)."""

if not __name__.startswith("perdura."):
    raise ImportError(
        f"asked for the package {__name__!r}; Perdura's is imported as perdura.{__name__}: "
        f"write `import perdura.{__name__}` or `from perdura.{__name__} import ...`"
    )

import perdura.sources  # noqa: F401 - before Polars is loaded  # pyright: ignore[reportUnusedImport]
