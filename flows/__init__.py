"""The steps in their order, every night and every week, and the command line."""

if not __name__.startswith("perdura."):
    from perdura.flat_imports import folders_of_user

    __path__ = folders_of_user(__name__)

import perdura.sources  # noqa: F401 # pyright: ignore[reportUnusedImport] - before Polars is loaded
