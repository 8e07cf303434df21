"""How likely a subscriber is to leave, and why."""

if not __name__.startswith("perdura."):
    raise ImportError(
        f"asked for the package {__name__!r}; Perdura's is imported as perdura.{__name__}: "
        f"write `import perdura.{__name__}` or `from perdura.{__name__} import ...`"
    )

import os

import perdura.features  # noqa: F401 - before Polars is loaded  # pyright: ignore[reportUnusedImport]

# LightGBM's threads spin while they wait for each other. Where something else wants the processor
# too (a second flow, the tests beside each other), that makes fitting five times as slow.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
