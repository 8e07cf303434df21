"""The steps in their order, every night and every week, and the command line."""

if not __name__.startswith("perdura."):
    raise ImportError(
        f"asked for the package {__name__!r}; Perdura's is imported as perdura.{__name__}: "
        f"write `import perdura.{__name__}` or `from perdura.{__name__} import ...`"
    )

import perdura.sources  # noqa: F401 # pyright: ignore[reportUnusedImport] - before Polars is loaded
