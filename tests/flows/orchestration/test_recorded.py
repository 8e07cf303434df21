"""Flows are functions: Prefect is there only where it has a server to record their runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from perdura.flows.orchestration.recorded import flow, step_of_flow
from perdura.flows.orchestration.task_runner import gather_results
from perdura.flows.runtime.without_rows import StepFailed
from tests.support.small_sources import Business

EXTRACT = """
import sys
from datetime import date
from pathlib import Path
from perdura.flows.steps.extract_sources import extract_sources

extract_sources(Path(sys.argv[1]), date(2026, 3, 1), Path(sys.argv[2]), patient=False)
print("prefect" in sys.modules)
"""

SUBSCRIPTIONS = """
[subscriptions]
file = "subs.csv"
subscriber_id = "id"
subscription_id = "id"
happened_at = "at"
kind = "kind"
"""


@pytest.fixture
def business(tmp_path: Path) -> Business:
    made = Business(tmp_path).maps(SUBSCRIPTIONS)
    made.write("subs.csv", "id,at,kind\nann,2026-01-05,started\n")
    return made


def extracted(business: Business, server: str | None) -> str:
    """Whether Prefect was imported by an extract of a process of its own."""
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    words = [sys.executable, "-c", EXTRACT, business.folder / "mapping.toml", business.folder]
    done = subprocess.run(
        words,
        env=env | ({"PREFECT_API_URL": server} if server else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_without_a_server_prefect_is_not_even_imported(business: Business) -> None:
    assert extracted(business, None) == "False"


def test_where_a_server_is_set_the_run_is_on_its_pages(
    business: Business, prefect_server: str
) -> None:
    assert extracted(business, prefect_server) == "True"
    with get_client(sync_client=True) as client:
        assert "extract until 2026-03-01" in {run.name for run in client.read_flow_runs()}


def test_steps_run_in_turn_when_they_are_waited_for() -> None:
    begun: list[int] = []

    def double(number: int) -> int:
        begun.append(number)
        return 2 * number

    step = step_of_flow(double, "double")

    @flow(name="doubles")
    def doubles() -> list[int]:
        pending = [step.submit(number) for number in range(3)]
        assert begun == []
        return gather_results(pending, lambda _done, _of, _what: None, "double")

    assert doubles() == [0, 2, 4]
    assert begun == [0, 1, 2]


def test_an_error_of_a_library_carries_no_rows() -> None:
    step = step_of_flow(lambda: int("anna.planted@example.com"), "read")
    with pytest.raises(StepFailed, match="ValueError") as caught:
        step()
    assert "anna" not in str(caught.value)
