"""How likely a subscriber is to leave, and why."""

if not __name__.startswith("perdura."):
    from perdura.flat_imports import folders_of_user

    __path__ = folders_of_user(__name__)

import os

import perdura.features  # noqa: F401 - before Polars is loaded  # pyright: ignore[reportUnusedImport]

# LightGBM's threads spin while they wait for each other. Where something else wants the processor
# too (a second flow, the tests beside each other), that makes fitting five times as slow.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
