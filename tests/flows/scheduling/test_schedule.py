"""`perdura schedule` against a real Prefect server: all flows are served, and a night runs."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic, sleep

import pytest

from perdura.flows.configuration.groups import ScheduleSettings
from perdura.flows.scheduling.due_pushes import push_flow
from perdura.flows.scheduling.due_webhooks import webhooks_flow
from perdura.flows.scheduling.schedule import announcement, hours
from perdura.flows.settings import Settings
from perdura.risk.integrations.webhooks import Sent
from perdura.risk.table import read
from tests.support.help_desks import FakeZendesk
from tests.support.out_rows import person, put_night, serving

PATIENCE = 120  # seconds


@pytest.fixture(scope="module")
def home(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(trained, tmp_path_factory.mktemp("scheduled") / "home")


@pytest.fixture(scope="module")
def served(prefect_address: str, home: Path) -> Iterator[None]:
    """The schedule, serving ``home`` in Madrid's time, until the tests are done."""
    env = os.environ | {"PERDURA_HOME": str(home), "PERDURA_TIMEZONE": "Europe/Madrid"}
    env["PREFECT_API_URL"] = prefect_address
    words = [sys.executable, "-m", "perdura.flows.cli.app", "schedule"]
    with subprocess.Popen(
        words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        yield
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def deployments() -> dict[str, list[tuple[str, str]]]:
    """The cron schedules, with their time zones, of all that is served."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.client.schemas.sorting import DeploymentSort

    with get_client(sync_client=True) as client:
        return {
            f"{client.read_flow(found.flow_id).name}/{found.name}": [
                (each.schedule.cron, each.schedule.timezone or "UTC")
                for each in found.schedules
                if isinstance(each.schedule, CronSchedule)
            ]
            for found in client.read_deployments(limit=10, sort=DeploymentSort.NAME_ASC)
        }


def test_all_flows_are_served_at_their_hours(served):
    until = monotonic() + PATIENCE
    while len(found := deployments()) < 3 and monotonic() < until:
        sleep(0.5)
    assert found == {
        "refresh-states/perdura": [("*/10 * * * *", "Europe/Madrid")],
        "score-nightly/perdura": [("0 2 * * *", "Europe/Madrid")],
        "train-weekly/perdura": [("0 4 * * 1", "Europe/Madrid")],
    }


def test_a_night_that_is_due_is_scored_and_published(served, home):
    from prefect.client.schemas.objects import FlowRun
    from prefect.deployments import run_deployment

    parameters = {"scored_on": "2026-11-01", "home": str(home)}
    run = run_deployment("score-nightly/perdura", parameters=parameters, timeout=PATIENCE)
    assert isinstance(run, FlowRun)
    assert run.state
    assert run.state.is_completed(), run.state
    night = read(Settings(home=home).risk_url)
    assert len(night) > 1000
    assert set(night["scored_on"].dt.date) == {date(2026, 11, 1)}


def test_the_schedule_says_when_the_next_night_is(tmp_path):
    settings = Settings(home=tmp_path, schedule=ScheduleSettings(timezone="Europe/Madrid"))
    said = announcement(settings, datetime(2026, 12, 1, 10, 20, tzinfo=UTC))
    assert said[0] == (
        "The next night is that of 2026-12-02, at 02:00 Europe/Madrid: in 14 h 40 min."
    )
    assert "Prefect" not in " ".join(said)
    assert "Ctrl-C" in said[-1]


def test_webhooks_are_sent_every_five_minutes_where_there_are_any(monkeypatch, tmp_path):
    monkeypatch.setenv("PERDURA_HOME", str(tmp_path))
    assert "send-webhooks/perdura" not in [one["name"] for one in hours()]
    monkeypatch.setenv("PERDURA_WEBHOOKS", '["https://example.com/hook"]')
    assert hours()[-1] == {
        "name": "send-webhooks/perdura", "cron": "*/5 * * * *", "timezone": "UTC",
    }  # fmt: skip


def test_the_flow_tells_who_moved(prefect_server, tmp_path, monkeypatch):
    put_night(f"sqlite:///{tmp_path}/data/risk.db", person("ann", band_before="low"))
    monkeypatch.setenv("PERDURA_WEBHOOK_SECRET", f"whsec_{'A' * 40}")
    with serving(lambda _call: (200, {}, {})) as receiver:
        monkeypatch.setenv("PERDURA_WEBHOOKS", f'["{receiver.url}"]')
        sent = webhooks_flow(tmp_path)
        assert isinstance(sent, Sent)
        assert sent.delivered == 1
    assert receiver.calls[0].json["data"]["subscriber_id"] == "ann"


def test_help_desks_of_the_settings_are_told_every_hour(prefect_server, tmp_path, monkeypatch):
    assert "push-tools/perdura" not in [each["name"] for each in hours()]
    put_night(f"sqlite:///{tmp_path}/data/risk.db", person("ann"))
    monkeypatch.setenv("PERDURA_PUSH", '["intercom", "zendesk"]')
    assert [each["cron"] for each in hours() if each["name"] == "push-tools/perdura"] == [
        "25 * * * *"
    ]
    fake = FakeZendesk({"ann": {}}, looks=0)
    with serving(fake) as server:
        monkeypatch.setenv("PERDURA_ZENDESK_URL", server.url)
        monkeypatch.setenv("PERDURA_ZENDESK_TOKEN", "t0ken")
        with pytest.raises(ExceptionGroup, match="1 of 2 help desks not told") as caught:
            push_flow(tmp_path)
    assert "PERDURA_INTERCOM_TOKEN is not set" in str(caught.value.exceptions[0])
    assert fake.known["ann"]["perdura_risk_band"] == "high"  # in spite of the other
