"""A trial is marked in every reader, and no other tool is told of it."""

import base64
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.desk import session
from perdura.risk.integrations import webhooks
from perdura.risk.integrations.csv_file import write_csv, write_file
from perdura.risk.integrations.help_desks.caller import Caller
from perdura.risk.integrations.help_desks.fields import FieldNames, Filling
from perdura.risk.integrations.help_desks.pushing import dry_run, push
from perdura.risk.integrations.help_desks.zendesk import Zendesk
from perdura.risk.query.queries import published_night
from perdura.risk.query.trial import TrialNight
from perdura.risk.records.assignments import assign
from perdura.risk.schema.assignments import ASSIGNMENTS
from perdura.risk.store.connect import reading, writing
from perdura.risk.table import freshness, publish, riskiest
from perdura.risk.terminal.risks import cautions, horizon
from tests.risk.integrations.test_mcp import here_at, structured
from tests.risk.integrations.test_push import soon
from tests.risk.test_table import scores
from tests.support.api_served import asking, at_work, token
from tests.support.desk_night import row
from tests.support.help_desks import FakeZendesk
from tests.support.out_rows import perdura, serving

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
ACTION = "Ask for another card"
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
PEOPLE = scores(row("ann", 0.9, unknown_values="plan"), row("bob", 0.5, held_out=True))


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A real night for 30 days, then a trial for 60."""
    url = f"sqlite:///{tmp_path}/data/risk.db"
    calm = scores(row("ann", 0.01), row("bob", 0.5))
    publish(calm, url, scored_on=YESTERDAY, model_version="1", horizon_days=30)
    publish(PEOPLE, url, scored_on=TODAY, model_version="3", horizon_days=60, trial=True)
    return url


def test_the_terminal_says_that_it_is_a_trial_and_for_how_many_days(url, tmp_path):
    told = perdura("risk", home=tmp_path)
    assert "TRIAL: the model version was refused" in told.stdout
    assert "Each risk is the chance of leaving within 60 days." in told.stdout
    of_yesterday = perdura("risk", "--on", str(YESTERDAY), home=tmp_path).stdout
    assert "TRIAL" not in of_yesterday
    assert "within 30 days" in of_yesterday


def test_nothing_is_advised_beside_the_word_not_to_act(url, tmp_path):
    """Ann's row of the trial says what to do, and the trial not to do it."""
    ann = riskiest(url, 1)[0]
    assert ann["action_text"] == ACTION
    assert ACTION in perdura("risk", "--on", str(YESTERDAY), home=tmp_path).stdout
    told = perdura("risk", home=tmp_path).stdout
    assert not {word for word in (ACTION, "What to do") if word in told}
    held = token(url, "read", "contact")
    with (
        at_work(app_of(ApiSettings(url=url))) as base,
        httpx.Client(base_url=base, cookies={session.SESSION: held}, timeout=60) as client,
    ):
        for path in ("", "/subscriber?id=ann"):
            page = client.get(f"/desk{path}").text
            assert "ann" in page
            assert ACTION not in page.replace(f">{ACTION}</option>", "")  # a filter


@pytest.mark.parametrize(
    ("language", "trial", "days"),
    [
        ("en", "TRIAL: the model", "within 60 days"),
        ("es", "PRUEBA: la versión", "en los próximos 60 días"),
    ],
)
def test_both_languages_say_it(url, language, trial, days):
    assert cautions(freshness(url), language)[0].startswith(trial)
    assert days in (horizon(riskiest(url, 2), language) or "")


def test_the_api_says_it_in_every_answer(url):
    with asking(url, "read") as client:
        told = client.get("/v1/current")
        one = client.get("/v1/subscribers/ann").json()
    assert told.headers["Perdura-Trial"] == "true"
    fresh, first = told.json()["freshness"], told.json()["rows"][0]
    assert (fresh["trial"], fresh["horizon_days"]) == (True, 60)
    assert (first["trial"], first["horizon_days"], first["unknown_values"]) == (True, 60, "plan")
    history = [(night["trial"], night["horizon_days"]) for night in one["history"]]
    assert history == [(False, 30), (True, 60)]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("path", ["", "/subscriber?id=ann", "/lead", "/subscriber?id=nobody"])
def test_every_page_says_it(url, language, path):
    words = {"en": "Trial: model version 3 did not pass", "es": "Prueba: la versión 3 del modelo"}
    held = token(url, "read", "contact")
    with (
        at_work(app_of(ApiSettings(url=url))) as base,
        httpx.Client(base_url=base, cookies={session.SESSION: held}, timeout=60) as client,
    ):
        page = client.get(f"/desk{path}", headers={"Accept-Language": language}).text
    assert words[language] in page
    if path.endswith("ann"):
        assert {"en": "within 60 days", "es": "en un plazo de 60 días"}[language] in page
        assert {"en": "New to the model", "es": "Nuevo para el modelo"}[language] in page


def test_a_page_of_a_real_night_does_not_say_it(url):
    publish(PEOPLE, url, scored_on=TODAY, model_version="4", horizon_days=60)
    held = token(url, "read", "contact")
    with (
        at_work(app_of(ApiSettings(url=url))) as base,
        httpx.Client(base_url=base, cookies={session.SESSION: held}, timeout=60) as client,
    ):
        assert "Trial" not in client.get("/desk").text


def test_an_assistant_is_told_to_say_it_first(url):
    told = here_at(url, "who_should_i_call")
    assert structured(told)["freshness"]["trial"] is True
    text = told.content[0].text  # type: ignore[union-attr]
    assert text.startswith("TRIAL: the model version was refused.")
    assert "within 60 days" in text
    assert "PRUEBA" in here_at(url, "freshness", "es").content[0].text  # type: ignore[union-attr]


# No other tool is told.


def test_a_file_is_not_written(url, tmp_path):
    with pytest.raises(TrialNight, match=r"trial: version 3 was refused.*Nothing was sent"):
        write_csv(url, io.StringIO())
    with pytest.raises(TrialNight):
        write_file(url, tmp_path / "night.csv")
    assert not list(tmp_path.glob("*night.csv*"))


def test_no_help_desk_is_told(url, tmp_path):
    fake, file = FakeZendesk({"ann": {}, "bob": {}}), tmp_path / "told.jsonl"
    filling = Filling(names=FieldNames(band="band", reasons="why", action="todo"))
    with serving(fake) as server, Caller(server.url, {}, soon()) as caller:
        with pytest.raises(TrialNight):
            push(url, filling, Zendesk(caller), file)
        with pytest.raises(TrialNight):
            dry_run(url, filling, file)
        assert server.calls == []


def test_no_webhook_is_told(url):
    with serving(lambda _call: (200, {}, {})) as server:
        sent = webhooks.send(url, (server.url,), SECRET, attempts=8)
        assert (sent.queued, sent.delivered, sent.trial) == (0, 0, True)
        assert server.calls == []


def test_what_was_queued_of_a_real_night_is_dropped_where_a_trial_is_there_by_now(url):
    publish(PEOPLE, url, scored_on=TODAY, model_version="4")
    dead = "http://127.0.0.1:1"
    assert webhooks.send(url, (dead,), SECRET, attempts=8).failed == 1
    with writing(url) as connection:
        connection.execute(sa.text("UPDATE risk SET trial = 1"))
        connection.execute(sa.text("UPDATE deliveries SET next_at = '2026-01-01 00:00:00'"))
    assert webhooks.send(url, (dead,), SECRET, attempts=8).dropped == 1


def test_the_lot_is_not_drawn_for_whom_a_trial_names(url):
    now = datetime.now(UTC)
    with writing(url) as connection:
        assert assign(connection, TODAY, "2026-Q4", now=now) == 0
    publish(PEOPLE, url, scored_on=TODAY, model_version="4")
    with writing(url) as connection:
        assert assign(connection, TODAY, "2026-Q4", now=now) == 2
        assert connection.scalar(sa.select(sa.func.count()).select_from(ASSIGNMENTS)) == 2


def test_a_real_night_of_the_same_day_replaces_a_trial(url):
    publish(PEOPLE, url, scored_on=TODAY, model_version="4", horizon_days=60)
    with reading(url) as connection:
        night = published_night(connection)
    assert (night.model_version, night.trial) == ("4", False)
    write_csv(url, io.StringIO())
