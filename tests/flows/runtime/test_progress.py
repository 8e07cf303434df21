"""What is said of a step in a log: that it has begun, how far it is, and how long it took."""

import pickle
import re
from time import sleep

import pytest

from perdura.flows.runtime import progress
from perdura.flows.runtime.progress import step


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SAID_EVERY", 0.05)


def test_a_step_says_that_it_has_begun_and_how_long_it_took(capsys):
    seconds: dict[str, float] = {}
    with step("train", seconds):
        assert capsys.readouterr().err == "  train ...\n"
    assert re.fullmatch(r"  train +\d+\.\d s\n", capsys.readouterr().err)
    assert seconds.keys() == {"train"}


def test_a_step_that_takes_long_says_how_far_it_is(capsys):
    with step("train", {}) as tell:
        tell(3, 9, "fit the model")
        sleep(0.2)
    said = capsys.readouterr().err
    assert re.search(r"  train, after \d+ s: 3 of 9, fit the model\n", said)


def test_a_step_that_says_nothing_is_said_to_go_on(capsys):
    with step("start Prefect", {}):
        sleep(0.2)
    assert re.search(r"  start Prefect, after \d+ s\n", capsys.readouterr().err)


def test_what_is_waited_for_is_said_at_once(capsys):
    with step("extract", {}) as tell:
        tell(0, 0, "waiting for another extract to end")
        assert "waiting for another extract to end" in capsys.readouterr().err


def test_a_step_that_fails_says_no_more(capsys):
    with pytest.raises(ValueError, match="no"), step("train", {}):
        raise ValueError("no")
    sleep(0.2)
    assert capsys.readouterr().err.splitlines() == ["  train ..."]


def test_a_copy_in_another_process_says_nothing(capsys):
    with step("score", {}) as tell:
        pickle.loads(pickle.dumps(tell))(1, 2, "part 1")  # noqa: S301
    assert "part 1" not in capsys.readouterr().err
