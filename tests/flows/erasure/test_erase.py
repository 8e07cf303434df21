"""perdura forget, in a home with a champion: gone from everywhere, and the home goes on."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from base64 import encodebytes
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from perdura.flows.erasure.erase import UnknownSubscriber, forget, kept_about, look_for
from perdura.flows.runtime.home_lock import HomeBusy, exclusive_home
from perdura.flows.score_nightly import score_nightly
from perdura.flows.settings import Settings
from perdura.flows.steps.extract_sources import extract_sources
from perdura.flows.train_weekly import train_weekly
from perdura.models.registry.mlflow_store import mlflow_at
from perdura.risk.integrations.help_desks.push_state import push_state
from perdura.risk.records.contacts import log_contact
from perdura.risk.store.connect import writing
from perdura.risk.table import read
from perdura.sources.landing.landing import Landing
from perdura.sources.landing.locks import shared_lock
from perdura.sources.landing.tombstones import read_tombstones

NIGHT = date(2026, 11, 1)
CUNNING = 'o\'brien "50%" & co'


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's folder in which no Prefect has run."""
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))


@pytest.fixture(scope="module")
def renamed(company: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The company, in which one merged person has a cunning id; its mapping, and both accounts."""
    folder = shutil.copytree(company, tmp_path_factory.mktemp("renamed") / "company")
    old, new = _merged_and_active(folder)
    for file in folder.rglob("*.parquet"):
        rows = pl.read_parquet(file)
        ids = [name for name in ("subscriber_id", "merged_into") if name in rows.columns]
        rows.with_columns(pl.col(ids).replace({new: CUNNING})).write_parquet(file)
    return folder / "mapping.toml", old, CUNNING


def _merged_and_active(folder: Path) -> tuple[str, str]:
    merges = pl.read_parquet(folder / "merges" / "*.parquet")
    ended = pl.read_parquet(folder / "subscriptions" / "*.parquet").filter(
        pl.col("kind").is_in(["ended", "cancel_scheduled", "paused"])
    )
    gone = [*ended["subscriber_id"]]
    alive = merges.filter(~pl.col("merged_into").is_in(gone) & ~pl.col("subscriber_id").is_in(gone))
    return alive.sort("subscriber_id").select("subscriber_id", "merged_into").row(0)


@pytest.fixture(scope="module")
def ready(
    trained: Path, renamed: tuple[Path, str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A home with everything in it that may hold somebody."""
    home = tmp_path_factory.mktemp("forget") / "home"
    shutil.copytree(trained / "mlruns", home / "mlruns")
    mapping, old, new = renamed
    extract_sources(mapping, NIGHT, home)
    score_nightly(date(2026, 10, 25), home)
    score_nightly(NIGHT, home)
    settings = Settings(home=home)
    with writing(settings.risk_url) as connection:
        log_contact(
            connection,
            subscriber_id=new,
            action="called",
            by="desk",
            contact_id="0" * 32,
            note=f"{old} and {new}",
        )
    with push_state(home / "data" / "push-zendesk-acme.jsonl") as state:
        state.add({new: "12", "somebody": "34"})
    file = settings.landing_folder / "rejected" / "payments" / f"{NIGHT}.parquet"
    refused = pl.read_parquet(file)
    row = ("no_time", "p", 1, "{}", new)
    one = pl.DataFrame([row], refused.schema, orient="row")
    pl.concat([refused, one]).write_parquet(file)
    kept = home / "data" / "prefect" / "storage" / "failed-run"  # as version 0.1 let Prefect keep
    kept.parent.mkdir(parents=True)
    kept.write_bytes(encodebytes(pickle.dumps([{"subscriber_id": new}])))
    scratch = home / "data" / "scratch" / "night-killed"
    scratch.mkdir(parents=True)
    pl.DataFrame({"subscriber_id": [new]}).write_ipc(scratch / "part.arrow")
    return home


@pytest.fixture
def home(ready: Path, tmp_path: Path) -> Path:
    return shutil.copytree(ready, tmp_path / "home")


def events(home: Path) -> dict[str, pl.DataFrame]:
    tables = Landing(home / "data" / "landing").events()
    return {name: table.collect() for name, table in tables.items()}


def names(home: Path, *people: str) -> set[str]:
    return {each.where for each in look_for(Settings(home=home), people).found}


def plain_bytes(home: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(home.rglob("*")) if file.is_file())


def test_a_person_is_gone_from_everywhere_and_others_are_as_they_were(
    home: Path, renamed: tuple[Path, str, str]
):
    _, old, new = renamed
    settings = Settings(home=home)
    before, night = events(home), read(settings.risk_url)
    assert {
        "data/scratch/night-killed/part.arrow",
        "data/prefect/storage/failed-run",
        "data/risk.db: risk",
    } <= names(home, new)
    done = forget(settings, [old])
    assert done.kept.accounts == tuple(sorted([old, new]))
    assert {"data/landing/payments", "table risk", "table contacts"} <= done.kept.rows.keys()
    assert [each.version for each in done.versions] == ["1"]
    assert done.told == ("zendesk-acme",)
    assert done.searched.found == ()
    assert names(home, old, new) == set()
    for told in (old, "o'brien", 'o\\"brien'):
        assert told.encode() not in plain_bytes(home)
    for name, rows in events(home).items():
        others = before[name].filter(~pl.any_horizontal(_names(before[name], old, new)))
        assert rows.equals(others)
    left = read(settings.risk_url)
    assert left.equals(night[night["subscriber_id"] != new].reset_index(drop=True))


def _names(rows: pl.DataFrame, *people: str) -> list[pl.Expr]:
    ids = [name for name in ("subscriber_id", "merged_into") if name in rows.columns]
    return [pl.col(name).is_in(people) for name in ids]


def test_forgotten_stays_forgotten_and_the_home_goes_on(home: Path, renamed: tuple[Path, str, str]):
    mapping, old, new = renamed
    forget(Settings(home=home), [new])
    landed = events(home)
    report = extract_sources(mapping, NIGHT, home)
    assert {each.table for each in report.tables if each.rejected.get("forgotten")} >= {
        "payments",
        "subscriptions",
        "merges",
    }
    assert all(rows.equals(landed[name]) for name, rows in events(home).items())
    score_nightly(NIGHT, home)
    night = read(Settings(home=home).risk_url)
    assert new not in set(night["subscriber_id"])
    assert night["rank"].tolist() == list(range(1, len(night) + 1))
    assert names(home, old, new) == set()


def test_the_registry_says_who_has_learnt_from_somebody_forgotten(
    home: Path, renamed: tuple[Path, str, str]
):
    settings = Settings(home=home)
    done = forget(settings, [renamed[2]])
    buried = read_tombstones(settings.landing_folder)
    with mlflow_at(home) as client:
        tags = client.get_model_version("churn", "1").tags
    assert {f"forgotten.{buried.hash_of(who)}" for who in done.kept.accounts} <= tags.keys()
    assert [each.is_champion for each in done.versions] == [True]
    # Told again although their rows are gone.
    assert [each.version for each in forget(settings, [renamed[2]]).versions] == ["1"]


def test_a_version_has_not_learnt_from_whom_it_was_never_asked_about(home: Path):
    kinds = (
        events(home)["subscriptions"].group_by("subscriber_id").agg("kind").sort("subscriber_id")
    )
    merged = {*events(home)["merges"]["merged_into"]}  # another account of theirs may have started
    tried = [
        subscriber_id
        for subscriber_id, done in kinds.rows()
        if subscriber_id not in merged and not {*done} & {"started", "resumed"}
    ]
    assert forget(Settings(home=home), tried[:1]).versions == ()


@pytest.mark.usefixtures("without_earlier_dates")
def test_a_training_afterwards_learns_of_others_alone(home: Path, renamed: tuple[Path, str, str]):
    _, old, new = renamed
    settings = Settings(home=home)
    forget(settings, [new])
    train_weekly(home=home)
    with mlflow_at(home) as client:
        assert len(client.search_model_versions("name = 'churn'")) == 2
    assert [each.version for each in forget(settings, [new]).versions] == ["1"]
    assert names(home, old, new) == set()


def test_a_person_is_gone_from_a_database_elsewhere_too(
    home: Path, renamed: tuple[Path, str, str], postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    _, old, new = renamed
    monkeypatch.setenv("PERDURA_RISK_URL", postgres_url)
    for file in (home / "data").glob("risk.db*"):
        file.unlink()
    score_nightly(NIGHT, home)
    with writing(postgres_url) as connection:
        log_contact(
            connection,
            subscriber_id=new,
            action="called",
            by="desk",
            contact_id="0" * 32,
            note=f"{old} and {new}",
        )
    settings = Settings(home=home)
    before = read(postgres_url)
    assert {"risk", "contacts"} <= {place.rpartition(": ")[2] for place in names(home, new)}
    done = forget(settings, [old])
    assert {"table risk", "table contacts"} <= done.kept.rows.keys()
    assert done.searched.found == ()
    left = read(postgres_url)
    assert left.equals(before[before["subscriber_id"] != new].reset_index(drop=True))


def test_who_is_known_nowhere_is_said_to_be(home: Path):
    with pytest.raises(UnknownSubscriber, match="nobody-at-all"):
        forget(Settings(home=home), ["nobody-at-all"])
    assert not (home / "data" / "landing" / "forgotten.json").exists()


def test_while_a_night_or_an_extract_runs_nobody_is_erased(
    home: Path, renamed: tuple[Path, str, str]
):
    settings = Settings(home=home)
    for folder, to in ((home / "data", "work"), (settings.landing_folder, "extract")):
        with (
            shared_lock(folder, lambda: None, to),
            pytest.raises(HomeBusy, match="again when it has ended"),
        ):
            forget(settings, [renamed[2]])
    assert kept_about(settings, [renamed[2]]).forgotten_on is None


def test_a_night_waits_for_an_erasure(home: Path):
    code = (
        "from datetime import date; from perdura.flows.score_nightly import score_nightly\n"
        "print(score_nightly(date(2026, 10, 25)).rows)"
    )
    with exclusive_home(home, Settings(home=home).landing_folder):
        night = subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | {"PERDURA_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert night.stderr is not None
        while "waiting for an erasure to end" not in (line := night.stderr.readline()):
            assert line or night.poll() is None
    out, _ = night.communicate(timeout=120)
    assert int(out) > 1000


STEPS = ("mark_learnt", "erase", "scrub", "erase_leftover", "erase_rejected", "erase_landed")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_ends_the_next_time_alike(
    home: Path, renamed: tuple[Path, str, str], step: str
):
    _, old, new = renamed
    shutil.rmtree(home / "mlruns")  # asked every time, which takes long and changes nothing
    code = (
        "import os, signal, sys\nfrom perdura.flows.erasure import erase as f\n"
        "from perdura.flows.settings import Settings\n"
        "step, who = sys.argv[1:]\ndone = getattr(f, step)\n"
        "def killed(*asked, **named):\n    done(*asked, **named)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "setattr(f, step, killed)\nf.forget(Settings(), [who])"
    )
    env = os.environ | {"PERDURA_HOME": str(home)}
    killed = subprocess.run([sys.executable, "-c", code, step, old], env=env, check=False)
    assert killed.returncode == -9
    assert read_tombstones(home / "data" / "landing").has(new)
    assert forget(Settings(home=home), [old]).searched.found == ()
    assert names(home, old, new) == set()


def perdura(home: Path, *words: str, answer: str = "", code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "perdura.flows.cli.app", "forget", *words],
        env=os.environ | {"PERDURA_HOME": str(home), "COLUMNS": "120"},
        input=answer,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_the_command_asks_first_says_what_went_where_and_checks(
    home: Path, renamed: tuple[Path, str, str]
):
    new = renamed[2]
    shutil.rmtree(home / "mlruns")
    assert "nobody-at-all" in perdura(home, "nobody-at-all", "--yes", code=1)
    assert "table risk" in perdura(home, new, "--dry-run")
    assert "data/risk.db: contacts" in perdura(home, new, "--check", code=1)
    assert "Aborted" in perdura(home, new, answer="n\n", code=1)
    assert "nothing names them" in perdura(home, new, answer="y\n")
    told = json.loads(perdura(home, new, "--yes", "--json").rpartition("}")[0] + "}")
    assert told["kept"]["rows"] == {}
    assert told["kept"]["forgotten_on"] == str(datetime.now(UTC).date())
    assert told["searched"]["found"] == []


def test_sources_in_the_home_are_named_as_ones_own_to_clean(
    home: Path, renamed: tuple[Path, str, str]
):
    mapping, _, new = renamed
    inside = shutil.copytree(mapping.parent, home / "data" / "company") / "mapping.toml"
    (home / "perdura.toml").write_text(f'mapping = "{inside}"\n')
    settings = Settings.at(home)
    assert settings.mapping == inside
    left = forget(settings, [new]).searched.found
    assert left
    assert all(each.yours and each.where.startswith("data/company/") for each in left)
