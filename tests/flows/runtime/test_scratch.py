"""What a kill leaves: people's rows in folders of work in progress go with the next run."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl

from perdura.flows.runtime.scratch import scratch
from perdura.flows.steps.extract_sources import extract_sources

WORK = """
import sys, time
from perdura.flows.runtime.scratch import scratch
from perdura.flows.settings import Settings
with scratch(Settings().home, "night") as folder:
    (folder / "part-000.arrow").write_text("rows")
    print(folder, flush=True)
    time.sleep(120)
"""


@contextmanager
def at_work(home: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that has a scratch folder, and the folder."""
    running = subprocess.Popen(
        [sys.executable, "-c", WORK],
        env=os.environ | {"PERDURA_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    try:
        yield running, Path(running.stdout.readline().strip())
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def folders(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "data" / "scratch").iterdir())


def test_the_next_run_removes_what_a_kill_has_left_and_nothing_of_a_live_one(tmp_path: Path):
    with at_work(tmp_path) as (killed, left), at_work(tmp_path) as (_live, kept):
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert left.exists()
        with scratch(tmp_path, "week") as folder:
            assert not left.exists()
            assert (kept / "part-000.arrow").read_text() == "rows"
            assert folders(tmp_path) == sorted(
                [kept.name, f"{kept.name}.lock", folder.name, f"{folder.name}.lock"]
            )
    with scratch(tmp_path, "week"):
        pass
    assert folders(tmp_path) == []


def test_folders_of_an_older_version_have_no_lock_and_go_too(tmp_path: Path):
    old = tmp_path / "data" / "scratch" / "night-2026-01-01-c0ffee"
    old.mkdir(parents=True)
    (old / "part-000.arrow").touch()
    with scratch(tmp_path, "night"):
        assert not old.exists()


def test_an_extract_removes_drafts_of_one_that_was_killed(company: Path, tmp_path: Path):
    landing = tmp_path / "data" / "landing"
    drafts = [
        landing / "payments" / "2026-11-01.parquet.c0ffee.part",
        landing / "rejected/tickets/x.part",
    ]
    for draft in drafts:
        draft.parent.mkdir(parents=True)
    drafts[0].mkdir()
    pl.DataFrame({"subscriber_id": ["ann"]}).write_ipc(drafts[0] / "0000.arrow")
    drafts[1].touch()
    ranges = landing / "payments.ranges" / "0000.arrow"
    ranges.parent.mkdir()
    ranges.touch()
    extract_sources(company / "mapping.toml", date(2026, 11, 1), tmp_path)
    assert not list(landing.rglob("*.part"))
    assert not ranges.exists()
