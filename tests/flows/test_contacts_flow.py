"""What support did, from landed contacts to what `perdura effect` says and the night knows."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
import sqlalchemy as sa

from perdura.features.topics.contacts import CONTACT_COLUMNS
from perdura.flows.configuration.dates import midnight, month_starts
from perdura.flows.configuration.groups import ComputeSettings, TrainingSettings
from perdura.flows.effect import contact_effect
from perdura.flows.runtime.scratch import scratch
from perdura.flows.score_nightly import score_nightly
from perdura.flows.settings import Settings
from perdura.flows.steps.business import business_of
from perdura.flows.steps.contact_effect import update_effect
from perdura.flows.steps.contact_events import contact_events
from perdura.flows.steps.extract_sources import extract_sources
from perdura.flows.steps.train_parts import Work
from perdura.flows.steps.training_window import NothingLanded, learns_contacts, training_params
from perdura.flows.train_weekly import train_weekly, training_set
from perdura.models.experiment.effect import BOTH
from perdura.models.registry.champion import load_champion
from perdura.models.training.train import fit_and_evaluate
from perdura.risk.records.contact_effect import newest_contact_effect
from perdura.risk.schema.contact_effect import CONTACT_EFFECT
from perdura.risk.store.connect import reading, writing
from perdura.risk.table import read
from tests.flows.cli.test_command_line import perdura
from tests.support.made_up_nights import publish_night
from tests.support.small_sources import Business, at

NIGHT = date(2026, 11, 1)

MAPPING = """
[subscriptions]
file = "subscriptions.parquet"
[contacts]
file = "contacts.parquet"
"""

# Of 70 whom support called 14 leave, of 80 that it held out 32: Newcombe's own example.
CALLED, CALLED_LEFT, HELD_OUT, HELD_OUT_LEFT = 70, 14, 80, 32


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where a shop with 150 subscribers has landed, some called in February 2026."""
    folder = tmp_path_factory.mktemp("shop")
    called = [f"c{n:03}" for n in range(CALLED)]
    alone = [f"h{n:03}" for n in range(HELD_OUT)]
    leavers = [*called[:CALLED_LEFT], *alone[:HELD_OUT_LEFT]]
    shop = Business(folder).maps(MAPPING)
    began = [(who, at(1, month=1), "started", who) for who in [*called, *alone]]
    ended = [(who, at(12), "ended", who) for who in leavers]
    shop.write("subscriptions.parquet", frame("subscription_id", [*began, *ended]))
    marks = [(who, at(3), "contacted", "call") for who in called]
    marks += [(who, at(3), "held_out", None) for who in alone]
    # The first of those held out was called all the same.
    marks += [(alone[0], at(9), "contacted", "call")]
    shop.write("contacts.parquet", frame("action", marks))
    extract_sources(folder / "mapping.toml", date(2026, 5, 1), folder / "home")
    return folder / "home"


def frame(own: str, rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    told = pl.DataFrame(rows, ["subscriber_id", "happened_at", "kind", own], orient="row")
    return told.with_columns(known_at="happened_at")


def test_effect_tells_people_what_contact_did(home):
    told = perdura("effect", home=home).stdout
    assert "Still there 30 days later, as known before 2026-05-01" in told
    rows = {line.split("  ")[0].strip(): line for line in told.splitlines() if "%" in line}
    assert "80.0%" in rows["contacted"]
    assert "+20.0 (+5.2, +33.4)" in rows["contacted"]
    assert "60.0%" in rows["control group"]
    assert "Contacting keeps subscribers" in told
    assert "1 of the control group was contacted" in told


def test_effect_tells_machines(home):
    told = json.loads(perdura("effect", "--json", home=home).stdout)
    assert told["arms"]["held_out"] == {
        "known": 80, "stayed": 48, "share": 0.6, "awaited": 0, "gone": 0,
    }  # fmt: skip
    assert told["compared"][BOTH]["low"] == pytest.approx(0.0524, abs=1e-4)
    assert told["crossed"] == 1
    assert told["says"][0].startswith("Contacting keeps subscribers")


def test_the_desk_shows_what_effect_says(home, tmp_path):
    other = shutil.copytree(home, tmp_path / "other")
    settings = Settings(home=other)
    publish_night(settings.risk_url, NIGHT, {"c020": "high"})
    for keep in (lambda: contact_effect(home=other), lambda: update_effect(settings)):
        keep()
        with writing(settings.risk_url) as connection:
            kept = newest_contact_effect(connection)
            connection.execute(sa.delete(CONTACT_EFFECT))
        assert kept is not None
        said = contact_effect(since=date(2020, 1, 1), home=other)  # kept nowhere
        compared = said.compared[BOTH]
        assert (kept.known, kept.stayed) == (said.arms[BOTH].known, said.arms[BOTH].stayed)
        assert (kept.control_known, kept.control_stayed) == (80, 48)
        assert (kept.difference, kept.low, kept.high) == (
            compared.difference,
            compared.low,
            compared.high,
        )
    with reading(settings.risk_url) as connection:
        assert newest_contact_effect(connection) is None


def test_effect_since_a_day_on_which_nothing_was_done_says_so(home):
    told = perdura("effect", "--since", "2026-03-01", home=home).stdout
    assert "No contacts, offers or control group are recorded from 2026-03-01 on." in told


def test_part_by_part_it_is_the_same(home, monkeypatch):
    whole = contact_effect(home=home)
    monkeypatch.setenv("PERDURA_CLUSTER", "local")  # two parts for each worker
    assert contact_effect(home=home) == whole


def test_without_contacts_it_says_what_to_map(home, tmp_path):
    other = shutil.copytree(home, tmp_path / "other")
    shutil.rmtree(other / "data" / "landing" / "contacts")
    with pytest.raises(NothingLanded, match=r"section \[contacts\]"):
        contact_effect(home=other)


Contacted = Literal["left_out", "features"]


def model_files(home: Path, contacted: Contacted, folder: Path) -> dict[str, bytes]:
    """The files of a model of the home's history."""
    settings = Settings(
        home=home,
        training=TrainingSettings(contacted=contacted),
        compute=ComputeSettings(threads=1),
    )
    params = training_params(settings)
    params = replace(params, booster=replace(params.booster, rounds=30))
    until = midnight(NIGHT)
    with scratch(settings.home, "week") as parts:
        work = Work(
            dates=tuple(month_starts(midnight(date(2026, 1, 1)), until)),
            known_until=until,
            landing=settings.landing,
            business=business_of(settings.churn, settings.value),
            params=params,
            folder=parts,
            contacts=learns_contacts(settings.landing.events(), params, until),
        )
        rows = training_set(work, settings.compute, {})
    model = fit_and_evaluate(rows, params, lambda _done, _of, _what: None).model
    model.save(folder)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_where_no_contacts_landed_the_setting_changes_no_byte_of_the_model(trained, tmp_path):
    home = shutil.copytree(trained, tmp_path / "home")
    told = {which: model_files(home, which, tmp_path / which) for which in ("left_out", "features")}
    assert told["left_out"] != told["features"]
    shutil.rmtree(home / "data" / "landing" / "contacts")
    without = [
        model_files(home, which, tmp_path / f"{which} without")
        for which in ("left_out", "features")
    ]
    assert without[0] == without[1]
    assert without[0] != told["left_out"]


def test_with_features_the_night_reads_what_support_did_and_names_it_to_nobody(company, tmp_path):
    extract_sources(company / "mapping.toml", NIGHT, tmp_path)
    with (tmp_path / "perdura.toml").open("a") as settings:
        settings.write('contacted = "features"\nearlier_dates = 0\ncut_days = 0\n')
    week = train_weekly(home=tmp_path)
    assert week.promoted
    assert week.rows["left_out_rows"] == 0
    assert set(load_champion(tmp_path)[0].contract.names) >= CONTACT_COLUMNS
    score_nightly(NIGHT, tmp_path)
    rows = read(Settings(home=tmp_path).risk_url)
    named = {reason["column"] for reasons in rows["reasons"] for reason in reasons}
    assert named
    assert CONTACT_COLUMNS.isdisjoint(named)
    settings = tmp_path / "perdura.toml"
    settings.write_text(settings.read_text().replace('contacted = "features"', ""))
    without = train_weekly(home=tmp_path)  # reads no contacts, and meets a champion that does
    assert "champion" in without.metrics


def test_a_night_with_a_hold_out_leaves_people_alone_and_says_how_the_lot_fell(trained, tmp_path):
    home = shutil.copytree(trained, tmp_path / "home")
    with (home / "perdura.toml").open("a") as settings:
        settings.write("hold_out = 0.3\nhigh = 0.2\n")
    url = Settings(home=home).risk_url
    score_nightly(NIGHT, home)
    night = read(url)
    alone = night[night["held_out"].astype(bool)]
    assert len(alone) / len(night) == pytest.approx(0.3, abs=0.05)
    assert set(alone["advice"]) == {"leave_alone"}
    assert alone["offer"].isna().all()
    high = night[night["band"] == "high"]
    drawn = contact_events(url, midnight(NIGHT))
    told = {who: kind == "held_out" for who, kind in drawn.select("subscriber_id", "kind").rows()}
    assert told == dict(zip(high["subscriber_id"], high["held_out"], strict=True))
    score_nightly(NIGHT, home)
    assert contact_events(url, midnight(NIGHT)).equals(drawn)
