"""The newest night as CSV: everybody, in order, and nothing that a spreadsheet would run."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from perdura.risk.errors import NoNight
from perdura.risk.integrations.csv_file import write_csv, write_file
from perdura.risk.query.export import export
from perdura.risk.query.filters import Filters
from perdura.risk.query.list_query import ListQuery
from perdura.risk.query.queries import published_night
from perdura.risk.schema.tables import NIGHTS, RISK
from perdura.risk.schema.views import CURRENT
from perdura.risk.store.connect import reading, writing
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
    assert bob["valid_until"] == f"{TODAY + timedelta(days=1)}T02:00:00Z"


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
    ("values", "shown"),
    [
        ({"held_out": True}, {"held_out": "True"}),
        ({"held_out": False}, {"held_out": "False"}),
        ({"held_out": None, "mrr": None, "plan": None}, {"held_out": "", "mrr": "", "plan": ""}),
        ({"mrr": -5, "offer": -0.5}, {"mrr": "-5", "offer": "-0.5"}),
        ({"plan": "a-b", "country": "añ,\"'\n"}, {"plan": "a-b", "country": "añ,\"'\n"}),
        ({"plan": "a\0b"}, {"plan": "a\N{REPLACEMENT CHARACTER}b"}),
        ({"reasons": []}, {"reasons": ""}),
    ],
)
def test_numbers_are_numbers_and_other_text_is_as_it_is(url, values, shown):
    put_night(url, person("ann", **values))
    (row,) = rows(url)
    assert {name: row[name] for name in shown} == shown


def test_it_is_the_export_of_the_api_but_for_the_order_and_reasons_in_words(url):
    strange = {"plan": "=1+1", "country": "\tES", "account": 'añ,"\n\N{GRINNING FACE}'}
    people = [
        person("ann", 0.2, held_out=True, cltv=12, offer=0.05, **strange),
        person("bob", 0.6, held_out=False, mrr=None, expected_loss=None, reasons=[]),
        person("-cid", 0.4, band_before="low", risk_before=1e-9, moved_by="@x"),
    ]
    put_night(url, *people)
    now_stands(url, "bob", "gone")
    with writing(url) as connection:
        degraded = {"degraded": ["usage", "tickets"]}
        connection.execute(sa.update(NIGHTS).values(degraded))
        connection.execute(sa.update(RISK).values(degraded))
    with reading(url) as connection:
        night = published_night(connection)
        every_state = ListQuery(filters=Filters(state=[]), sort="id")
        text = b"".join(export(connection, night, every_state, "csv")).decode()
    exported = {row["subscriber_id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    pushed = {row["subscriber_id"]: row for row in rows(url)}
    assert pushed.keys() == exported.keys() == {"ann", "bob", "'-cid"}
    for id_, row in pushed.items():
        in_words = "; ".join(one["text"] for one in json.loads(exported[id_]["reasons"]))
        assert row == exported[id_] | {"reasons": in_words}
        assert row["degraded"] == '["usage", "tickets"]'
        assert row["valid_until"] == f"{TODAY + timedelta(days=1)}T02:00:00Z"


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
