"""The first training of a home that has a mapping: events are loaded before; real commands."""

from pathlib import Path

import pytest

from perdura.sources.landing.landing import Landing
from tests.support.schedule_served import environment, run

MAPPING = """
[subscriptions]
file = "subscriptions.csv"
subscriber_id = "id"
subscription_id = "id"
happened_at = "start"
kind = "'started'"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a mapping of two subscribers, as ``perdura init`` leaves it."""
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "perdura.toml").write_text('mapping = "mapping.toml"\n', encoding="utf-8")
    rows = "id,start\nann,2026-01-03\nbob,2026-02-01\n"
    (tmp_path / "subscriptions.csv").write_text(rows, encoding="utf-8")
    return tmp_path


def test_events_are_loaded_before_the_first_training(home: Path) -> None:
    done = run(["train", "--until", "2026-03-01"], environment(home))
    events = Landing(home / "data" / "landing").events()["subscriptions"].collect()
    assert sorted(events["subscriber_id"]) == ["ann", "bob"]
    assert done.returncode == 1  # two subscribers of whom none left are too few to learn from
    assert "Traceback" not in done.stderr


def test_a_training_of_a_home_with_events_loads_none(home: Path) -> None:
    run(["extract", "--until", "2026-02-01"], environment(home))
    run(["train", "--until", "2026-02-01"], environment(home))
    events = Landing(home / "data" / "landing").events()["subscriptions"].collect()
    assert [*events["subscriber_id"]] == ["ann"]


def test_an_extract_without_a_mapping_says_where_one_comes_from(tmp_path: Path) -> None:
    done = run(["extract"], environment(tmp_path))
    assert done.returncode == 1
    assert "perdura init" in done.stderr


def test_a_mapping_that_is_wrong_takes_no_home(home: Path) -> None:
    (home / "perdura.toml").unlink()
    wrong = home / "wrong.toml"
    wrong.write_text(MAPPING.replace('"start"', '"begin"'), encoding="utf-8")
    until = ("--until", "2026-03-01")
    done = run(["extract", "--mapping", str(wrong), *until], environment(home))
    assert done.returncode == 1
    assert "begin" in done.stderr
    right = run(["extract", "--mapping", str(home / "mapping.toml"), *until], environment(home))
    assert right.returncode == 0, right.stderr
