"""A night on many workers is the night of one machine, and a lost worker costs one part."""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import polars as pl
import pytest
from distributed import Client
from pandas.testing import assert_frame_equal
from polars.testing import assert_frame_equal as assert_same_frame

from perdura.flows.configuration.dates import midnight, month_starts
from perdura.flows.configuration.groups import ComputeSettings
from perdura.flows.orchestration.cluster import ALONE, workers_here
from perdura.flows.orchestration.task_runner import on_task_runner
from perdura.flows.runtime.parts import draft_of, memoised_on_disk, parts_of
from perdura.flows.runtime.scratch import scratch
from perdura.flows.runtime.without_rows import StepFailed
from perdura.flows.score_nightly import score_nightly
from perdura.flows.settings import Settings
from perdura.flows.steps.business import business_of
from perdura.flows.steps.score_parts import MODEL, ScoredPart, score_parts
from perdura.flows.steps.train_parts import Work, label_part, measure_part
from perdura.flows.steps.training_window import training_params
from perdura.flows.train_weekly import training_set
from perdura.models.dataset.sampling import sampling_of
from perdura.models.dataset.training_set import TrainingSet
from perdura.models.registry.champion import load_champion
from perdura.models.scoring.reason_columns import UnknownName
from perdura.risk.table import NoNight, read
from perdura.sources.landing.partition import Part
from tests.support.cluster_work import DOOMED, Refused, refusing, watched_parts

NIGHT = date(2026, 11, 1)


@pytest.fixture(scope="module")
def address(prefect_address: str) -> Iterator[str]:
    """A scheduler with two workers, started by somebody else."""
    words = [sys.executable, "-m", "tests.support.cluster_workers"]
    with subprocess.Popen(words, stdin=-1, stdout=-1, text=True) as running:
        assert running.stdout
        assert running.stdin
        try:
            yield running.stdout.readline().strip()
        finally:
            running.stdin.close()
            running.wait(30)


@pytest.fixture
def home(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "home")


def settings_of(home: Path, cluster: str | None = None) -> Settings:
    return Settings(home=home, compute=ComputeSettings(cluster=cluster))


def scored(settings: Settings, of: str, flow=score_parts, *more) -> list[bytes]:
    """The files of a night in the parts of a cluster."""
    parts = parts_of(settings.landing, ComputeSettings(cluster=of))
    with scratch(settings.home, "night") as folder:
        load_champion(settings.home)[0].save(folder / MODEL)
        told = on_task_runner(flow, settings.compute)(
            parts, midnight(NIGHT), settings, folder, *more
        )
        return files_of(told)


def files_of(scored: list[ScoredPart]) -> list[bytes]:
    return [Path(part.file).read_bytes() for part in scored if part.file]


def move_to(home: Path, address: str) -> None:
    """Let the settings of the home name a cluster."""
    with (home / "perdura.toml").open("a") as file:
        file.write(f'\ncluster = "{address}"\n')


def say_nothing(done: int, total: int, what: str) -> None:
    """No progress."""


def test_a_worker_works_on_one_core_and_leaves_no_trace_here():
    before = dict(os.environ)
    with workers_here(1) as cluster, Client(cluster) as connected:
        client: Any = connected
        assert [*client.run(pl.thread_pool_size).values()] == [1]
        assert [*client.run(os.getenv, "OMP_NUM_THREADS").values()] == [ALONE["OMP_NUM_THREADS"]]
        assert all(address.startswith("tcp://127.0.0.1:") for address in client.nthreads())
    assert dict(os.environ) == before


def test_a_night_on_workers_of_its_own_is_the_same_night(home):
    score_nightly(NIGHT, home)
    here = read(Settings(home=home).risk_url)
    move_to(home, "local")
    night = score_nightly(NIGHT, home)
    assert night.rows == len(here)
    assert_frame_equal(here, read(Settings(home=home).risk_url), check_exact=True)


def test_every_part_has_the_same_bytes_wherever_it_is_scored(home, address):
    here = scored(settings_of(home), address, score_parts, say_nothing)
    assert len(here) == 4
    assert scored(settings_of(home, address), address, score_parts, say_nothing) == here


def test_what_is_learnt_from_is_the_same_wherever_it_is_measured(home, address):
    here, there = (learnt_from(settings_of(home, cluster)) for cluster in (None, address))
    assert there.sampling == here.sampling
    assert 0 < here.sampling.non_churners < 1
    for mine, theirs in ((here.rows, there.rows), (here.about, there.about)):
        assert_same_frame(mine, theirs, check_exact=True)
    assert here.texts is not None
    assert there.texts is not None
    assert_same_frame(here.texts, there.texts)


def learnt_from(settings: Settings) -> TrainingSet:
    with scratch(settings.home, "week") as folder:
        return training_set(week(settings, folder), settings.compute, {})


def week(settings: Settings, folder: Path) -> Work:
    """The labels of most of a year, and features of some of the stayers."""
    return Work(
        dates=tuple(month_starts(midnight(date(2026, 3, 1)), midnight(NIGHT))),
        known_until=midnight(NIGHT),
        landing=settings.landing,
        business=business_of(settings.churn, settings.value),
        params=replace(training_params(settings), most_rows=800, most_later_rows=1_000),
        folder=folder,
    )


def test_a_part_of_a_training_set_is_made_once(home, tmp_path):
    work, part = week(settings_of(home), tmp_path), Part(0, 1)
    counts = label_part(part, work)
    rows = measure_part(part, work, sampling := sampling_of([counts], work.params))
    shutil.rmtree(work.landing.folder)
    assert_same_frame(label_part(part, work), counts)
    assert measure_part(part, work, sampling).equals(rows)


def test_a_worker_that_is_killed_costs_its_part_again_and_nothing_else(home, address):
    settings = settings_of(home, address)
    parts = parts_of(settings.landing, settings.compute)
    here = scored(settings_of(home), address, score_parts, say_nothing)
    with scratch(settings.home, "night") as folder:
        load_champion(home)[0].save(folder / MODEL)
        killing = Thread(target=kill_when_the_others_are_done, args=(folder, len(parts)))
        killing.start()
        told = on_task_runner(watched_parts, settings.compute)(
            parts, midnight(NIGHT), settings, folder
        )
        killing.join()
        begun = Counter(map(int, (folder / "begun").read_text().split()))
        assert files_of(told) == here
    assert begun == {part.number: 2 if part.number == DOOMED else 1 for part in parts}


def kill_when_the_others_are_done(folder: Path, parts: int) -> None:
    """So that the one that is killed may well have done others before."""
    victim = folder / "victim"
    for _ in range(600):
        if victim.exists() and len([*folder.glob("*.done")]) >= parts - 1:
            break
        sleep(0.05)
    os.kill(int(victim.read_text()), signal.SIGKILL)


def test_a_part_that_fails_fails_the_night_and_nothing_is_published(home, address):
    move_to(home, address)
    with (home / "perdura.toml").open("a") as file:
        file.write('never_named = ["no_such_signal"]\n')
    with pytest.raises(UnknownName, match="no_such_signal"):
        score_nightly(NIGHT, home)
    with pytest.raises(NoNight):
        read(Settings(home=home).risk_url)


def test_after_a_failure_what_had_not_begun_is_given_up(tmp_path, address):
    with pytest.raises(StepFailed, match="Refused"):  # an error that is none of ours
        on_task_runner(refusing, ComputeSettings(cluster=address))(tmp_path)
    sleep(1)
    assert len([*tmp_path.glob("begun-*")]) < 60


def test_what_was_done_is_not_done_again(tmp_path):
    given = iter([pl.DataFrame({"rows": [rows]}) for rows in (1, 2)])
    asked = [memoised_on_disk(tmp_path / "part.done", lambda: next(given)) for _ in range(2)]
    assert [frame.item() for frame in asked] == [1, 1]
    assert [file.name for file in tmp_path.iterdir()] == ["part.done"]


def test_a_file_that_is_not_whole_is_not_there(tmp_path):
    file = tmp_path / "part.arrow"
    with pytest.raises(Refused, match="the other half"):
        write_half(file)
    assert not file.exists()
    with draft_of(file) as draft:
        draft.write_text("whole")
        assert not file.exists()
    assert file.read_text() == "whole"


def write_half(file: Path) -> None:
    with draft_of(file) as draft:
        draft.write_text("half")
        raise Refused("the other half")
