"""How likely a subscriber is to leave, and why."""

import os

import features  # noqa: F401 - before Polars is loaded

# LightGBM's threads spin while they wait for each other. Where something else wants the processor
# too (a second flow, the tests beside each other), that makes fitting five times as slow.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
