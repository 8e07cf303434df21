"""Ids that are ordinary words: a card that says 'payment' names nobody."""

import json
from pathlib import Path

import polars as pl
import pytest

from perdura.flows.cli.render.erasure import StillNamed, refuse_left
from perdura.flows.erasure.erase import accounts_named, look_for
from perdura.flows.settings import Settings
from perdura.models.registry.log_run import log_trained
from perdura.risk.records.contacts import log_contact
from perdura.risk.store.connect import writing
from perdura.sources.landing.tombstones import read_tombstones
from tests.risk.test_table import MARCH_2, put, score, scores
from tests.support.made_up import trained
from tests.support.schedule_served import environment, run

WORDS = ["payment", "support", "python", "calibration", "annual plan", "past-due"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a model's card and a night of somebody else."""
    home = tmp_path_factory.mktemp("words")
    log_trained(trained(), home)
    put(scores(score("ann", 0.3, mrr=900)), f"sqlite:///{home}/data/risk.db", MARCH_2)
    return home


def named(home: Path, who: str) -> list[str]:
    return [each.where for each in look_for(Settings(home=home), [who]).found if not each.doubt]


@pytest.mark.parametrize("word", WORDS)
def test_words_of_a_card_are_no_names(home, word):
    assert named(home, word) == []


def test_they_are_said_all_the_same_and_refuse_nothing(home):
    searched = look_for(Settings(home=home), ["calibration"])
    assert searched.found
    assert all(each.doubt and each.where.startswith("mlruns/") for each in searched.found)
    refuse_left(searched)
    done = run(["forget", "calibration", "--check"], environment(home))
    assert done.returncode == 0
    assert "may mean the word: mlruns/" in done.stdout
    told = json.loads(run(["forget", "calibration", "--check", "--json"], environment(home)).stdout)
    assert {each["doubt"] for each in told["found"]} == {True}


def test_an_id_that_is_no_word_is_never_in_doubt(home):
    card = next((home / "mlruns").rglob("*.md"))
    text = card.read_text(encoding="utf-8")
    card.write_text(f"{text}\nsub_00017", encoding="utf-8")
    try:
        assert named(home, "sub_00017") == [str(card.relative_to(home))]
    finally:
        card.write_text(text, encoding="utf-8")


def test_a_column_of_ids_names_whoever_stands_there(tmp_path):
    url = f"sqlite:///{tmp_path}/data/risk.db"
    put(scores(score("payment", 0.3, mrr=900), score("ann", 0.2, mrr=900)), url, MARCH_2)
    pl.DataFrame({"subscriber_id": ["payment"]}).write_parquet(tmp_path / "left.parquet")
    assert {"data/risk.db: risk", "left.parquet"} <= {*named(tmp_path, "payment")}
    with pytest.raises(StillNamed):
        refuse_left(look_for(Settings(home=tmp_path), ["payment"]))


def test_what_an_erasure_takes_out_of_texts_is_looked_for_there(tmp_path):
    url = f"sqlite:///{tmp_path}/data/risk.db"
    put(scores(score("ann", 0.2, mrr=900)), url, MARCH_2)
    with writing(url) as connection:
        log_contact(
            connection,
            subscriber_id="ann",
            action="called",
            by="desk",
            contact_id="0" * 32,
            note="married to katarina",
        )
    (tmp_path / "data" / "push-zendesk-acme.jsonl").write_text('{"katarina": "12"}\n')
    assert named(tmp_path, "katarina") == ["data/push-zendesk-acme.jsonl", "data/risk.db: contacts"]


def test_events_that_say_a_word_of_somebody_else_name_nobody(tmp_path):
    rows = pl.DataFrame({"subscriber_id": ["ann"], "plan": ["premium"]})
    rows.write_parquet(tmp_path / "events.parquet")
    found = look_for(Settings(home=tmp_path), ["premium"]).found
    assert [(each.where, each.doubt) for each in found] == [("events.parquet", True)]
    accounts = accounts_named(["premium"], read_tombstones(tmp_path))
    assert accounts[0].spellings  # an erasure still takes it out of notes and audits
