"""What the tests run with, set before anything of ours is imported."""

import os
import shutil
from pathlib import Path

# A worker has one core: further threads of LightGBM would wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Commits to a disk in memory wait for nothing. A run without failures leaves nothing there.
_MEMORY = Path("/dev/shm")  # noqa: S108
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 8 * 2**30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
