"""What docs/STABILITY.md promises: a home, SQL, API answers, commands and settings of before work.

``homes/home-0.1.tar.xz`` is a home that 0.1 made (900 simulated subscribers, one champion, one
night), ``homes/promised-0.1.json`` what its surfaces gave then. Both stay as they are.
"""

import json
import shutil
import sqlite3
import tarfile
import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer.main
from pandas.testing import assert_frame_equal

from perdura.flows.cli.app import app
from perdura.flows.configuration.setting_names import GROUPS, RENAMED, by_name
from perdura.flows.score_nightly import score_nightly
from perdura.flows.settings import Settings, keep
from perdura.models.registry.champion import load_champion
from perdura.risk.table import read
from tests.support.api_served import asking

HOMES = Path(__file__).parents[1] / "homes"
PROMISED: dict[str, Any] = json.loads((HOMES / "promised-0.1.json").read_text(encoding="utf-8"))
NIGHT = date(2026, 10, 31)

# Of the moment or of the file, not of what was promised: how old a night is, where it was read.
OF_THE_MOMENT = {"stale", "age_seconds", "age_hours", "valid_until", "next", "checked_at"}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("yesterday")
    with tarfile.open(HOMES / "home-0.1.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "shop"


@pytest.fixture(scope="module")
def home(unpacked: Path) -> Path:
    """Its risk table brought up to today's version, as the first command does."""
    with sqlite3.connect(unpacked / "data" / "risk.db") as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("0007",)
    assert len(read(_url(unpacked))) == PROMISED["views"]["risk_current"]["rows"]
    return unpacked


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[httpx.Client]:
    with asking(_url(home), "read") as client:
        yield client


def _url(home: Path) -> str:
    return f"sqlite:///{home / 'data' / 'risk.db'}"


@pytest.mark.parametrize("view", PROMISED["views"])
def test_a_view_has_its_columns_and_rows(home: Path, view: str) -> None:
    promised = PROMISED["views"][view]
    columns = ", ".join(promised["columns"])
    with closing(sqlite3.connect(home / "data" / "risk.db")) as database:
        found = database.execute(f"SELECT {columns} FROM {view}").fetchall()  # noqa: S608
    assert len(found) == promised["rows"]
    first = {tuple(map(str, row)) for row in found}
    assert {tuple(str(row[name]) for name in promised["columns"]) for row in promised["first"]} <= (
        first
    )


@pytest.mark.parametrize("path", PROMISED["api"])
def test_an_answer_of_the_api_holds_all_it_held(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert list(_missing(PROMISED["api"][path], answer.json())) == []


def _missing(promised: Any, found: Any, where: str = "") -> Iterator[str]:
    """Where a value of before is gone or is another."""
    if isinstance(promised, dict):
        for name, value in promised.items():
            if name in OF_THE_MOMENT:
                continue
            if not isinstance(found, dict) or name not in found:
                yield f"{where}.{name} is gone"
            else:
                yield from _missing(value, found[name], f"{where}.{name}")
    elif isinstance(promised, list):
        if not isinstance(found, list) or len(found) != len(promised):
            yield f"{where} has another length"
        else:
            for place, (then, now) in enumerate(zip(promised, found, strict=True)):
                yield from _missing(then, now, f"{where}[{place}]")
    elif promised != found:
        yield f"{where} was {promised!r}, is {found!r}"


def test_every_address_of_the_api_is_there(client: httpx.Client) -> None:
    paths = client.get("/v1/openapi.json").json()["paths"]
    gone = [
        f"{method} {path}"
        for path, methods in PROMISED["paths"].items()
        for method in methods
        if method not in paths.get(path, {})
    ]
    assert gone == []


def test_an_export_begins_with_the_columns_it_had(client: httpx.Client) -> None:
    header = client.get("/v1/export", params={"format": "csv"}).text.splitlines()[0].split(",")
    assert [name for name in PROMISED["csv_columns"] if name not in header] == []


def test_every_command_takes_the_options_it_took() -> None:
    commands = dict(_commands(typer.main.get_command(app)))
    gone = [
        f"perdura {name} {option}".replace("  ", " ")
        for name, options in PROMISED["commands"].items()
        for option in options
        if option not in commands.get(name, ())
    ]
    assert gone == []


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    yield " ".join(path), [option for given in command.params for option in given.opts]
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, (*path, name))


def test_every_setting_may_be_written_as_it_was(unpacked: Path) -> None:
    settings = Settings.at(unpacked)
    written = tomllib.loads((unpacked / "perdura.toml").read_text(encoding="utf-8"))
    assert len(written) > 40
    read_back = by_name(settings.model_dump(mode="json"))
    assert {name: read_back[RENAMED.get(name, name)] for name in written} == written


def test_a_setting_in_its_group_is_the_one_that_was_written_flat(
    unpacked: Path, tmp_path: Path
) -> None:
    written = tomllib.loads((unpacked / "perdura.toml").read_text(encoding="utf-8"))
    changed = written | {"churn": "silence", "hold_out": 0.2, "push": ["zendesk"], "seed": 7}
    keep(Settings(home=tmp_path / "grouped"), Path("mapping.toml"), changed)
    grouped = tmp_path / "grouped" / "perdura.toml"
    assert set(tomllib.loads(grouped.read_text(encoding="utf-8"))) - set(GROUPS) == {
        "mapping",
        "language",
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in changed.items()]
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "perdura.toml").write_text("\n".join(lines), encoding="utf-8")
    flat, again = (Settings.at(tmp_path / name) for name in ("flat", "grouped"))
    for group in GROUPS:
        assert getattr(flat, group) == getattr(again, group)
    assert (flat.language, flat.nights) == (again.language, again.nights)
    assert flat.support.control_group == 0.2


def test_an_old_variable_still_wins_over_the_file(
    unpacked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERDURA_HORIZON_DAYS", "45")
    monkeypatch.setenv("PERDURA_CHURN", "silence")
    churn = Settings.at(unpacked).churn
    assert (churn.rule, churn.horizon_days, churn.grace_days) == ("silence", 45, 30)


def test_the_champion_scores_the_night_again_alike(home: Path, tmp_path: Path) -> None:
    """Its landing, its features, its stored model: were one read otherwise, a risk would differ."""
    copy = shutil.copytree(home, tmp_path / "shop")
    assert load_champion(copy)[1] == "1"
    before = read(_url(copy))
    assert score_nightly(NIGHT, copy).rows == len(before)
    after = read(_url(copy))
    # Reasons, and the action chosen from them, are today's; so is the advice to save whoever is in
    # trouble below the high band.
    told = before.columns.drop(["reasons", "action", "action_text", "advice"])
    advised = set(zip(before["advice"], after["advice"], strict=True))
    assert advised <= {("save", "save"), ("leave_alone", "leave_alone"), ("leave_alone", "save")}
    # Another processor may add in another order.
    assert_frame_equal(after[told], before[told], rtol=1e-12, atol=0)
