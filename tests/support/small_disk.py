"""A disk of little room, for tests of what is said when it is full."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Path]:
    """The folder as a disk of so many KiB; where nobody may mount one the test is skipped."""
    folder.mkdir(parents=True)
    if shutil.which("mount") is None:
        pytest.skip("there is no mount, which makes the small disk that is to be full")
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
    done = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here, to be full: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(folder: Path, mounted: Path) -> Iterator[Path]:
    """The folder, or a file, at another place where it cannot be written; skips as above."""
    if folder.is_dir():
        mounted.mkdir(parents=True)
    else:
        mounted.parent.mkdir(parents=True)
        mounted.touch()
    for options in (["--bind", str(folder)], ["-o", "remount,bind,ro"]):
        done = subprocess.run(
            ["mount", *options, str(mounted)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"nothing can be mounted read-only here: {done.stderr.strip()}")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def fill(folder: Path, leave_kib: int) -> None:
    """Leave so many KiB of the disk."""
    left = shutil.disk_usage(folder).free // 1024 - leave_kib
    if left > 0:
        (folder / "ballast").write_bytes(b"\0" * (left * 1024))
