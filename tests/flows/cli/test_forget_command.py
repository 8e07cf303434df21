"""``perdura forget`` asks before it erases; where no answer can come it says how to go on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.risk.test_table import MARCH_2, TWO, put
from tests.support.schedule_served import environment, run


@pytest.mark.parametrize("closed", [False, True], ids=["at its end", "closed"])
def test_without_an_answer_nothing_is_erased_and_yes_is_named(tmp_path: Path, closed: bool):
    put(TWO, f"sqlite:///{tmp_path}/data/risk.db", MARCH_2)
    command = [sys.executable, "-m", "perdura.flows.cli.app", "forget", "ann"]
    through = ["sh", "-c", 'exec "$@" <&-', "sh"] if closed else []
    done = subprocess.run(
        [*through, *command],
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "perdura: nothing was erased, as no answer came; add --yes to erase unasked"
    )
    assert "ann" in run(["risk"], environment(tmp_path)).stdout
