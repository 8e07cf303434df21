"""The newest night as CSV: everybody, in order, and nothing that a spreadsheet would run."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from perdura.risk.errors import NoNight
from perdura.risk.integrations.csv_file import cell, write_csv, write_file
from perdura.risk.schema.views import CURRENT
from tests.support.out_rows import TODAY, YESTERDAY, now_stands, perdura, person, put_night


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/risk.db"


def rows(url: str) -> list[dict[str, str]]:
    out = io.StringIO(newline="")
    write_csv(url, out)
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def test_everybody_of_the_newest_night_is_in_it_riskiest_first(url):
    put_night(url, person("old"), on=YESTERDAY)
    put_night(url, person("ann", 0.2), person("bob", 0.6, mrr=None, expected_loss=None))
    now_stands(url, "ann", "leaving")
    bob, ann = rows(url)
    assert list(bob) == [column.name for column in CURRENT.c]
    assert (bob["subscriber_id"], bob["rank"], bob["risk"], bob["mrr"]) == ("bob", "1", "0.6", "")
    assert (ann["subscriber_id"], ann["state"], ann["state_scored"]) == ("ann", "leaving", "active")
    assert bob["reasons"] == (
        "2 payments failed in the last 30 days; Waited 41 hours for a first reply"
    )
    assert bob["scored_on"] == TODAY.isoformat()
    assert bob["valid_until"].endswith("+00:00")


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("https://example.com")',
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "＝1",  # noqa: RUF001
    ],
)
def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe(url, text):
    put_night(url, person(text, action_text=text, reasons=[{"signal": "x", "text": text}]))
    (row,) = rows(url)
    for name in ("subscriber_id", "action_text", "reasons"):
        assert row[name] == f"'{text}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        (-0.5, "-0.5"),
        ("a-b", "a-b"),
        ("añ,\"'\n", "añ,\"'\n"),
        ("a\0b", "a�b"),
        ([], ""),
        (["payments", "tickets"], "payments; tickets"),
    ],
)
def test_numbers_are_numbers_and_other_text_is_as_it_is(value: Any, told: str):
    assert cell(value) == told


def test_quotes_and_line_breaks_come_back_as_they_were(url):
    put_night(url, person('a"b,c\nd'))
    assert rows(url)[0]["subscriber_id"] == 'a"b,c\nd'


def test_a_file_is_whole_or_as_it_was(url, tmp_path):
    file = tmp_path / "night.csv"
    file.write_text("before")
    with pytest.raises(NoNight):
        write_file(url, file)
    assert file.read_text() == "before"
    put_night(url, person("ann"))
    with file.open() as somebody_reads:
        assert write_file(url, file) == 1
        assert somebody_reads.read() == "before"
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["night.csv"]


def test_the_command_writes_a_file_or_standard_output(url, tmp_path):
    put_night(url, person("añn"))
    file = tmp_path / "night.csv"
    told = json.loads(perdura("push", "csv", str(file), "--json", home=tmp_path).stdout)
    assert told["rows"] == 1
    out = perdura("push", "csv", "-", home=tmp_path, env={"PYTHONIOENCODING": "latin-1"})
    assert out.stdout.replace("\r\n", "\n").startswith("scored_on,subscriber_id")
    assert "añn" in file.read_text(encoding="utf-8")
