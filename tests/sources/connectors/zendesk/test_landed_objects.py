"""Landed tables by their names, with the columns that they have; what is missing is named."""

from pathlib import Path

import polars as pl
import pytest

from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.zendesk.landed import files_of
from perdura.sources.connectors.zendesk.landed_objects import landed_objects
from perdura.sources.connectors.zendesk.objects import (
    CHANGES,
    COMMENTS,
    MERGED,
    TICKETS,
    USERS,
    Objects,
)

TICKET = """id,created_at,updated_at,status,requester_id,description
1,2026-01-05 09:00:00,2026-01-06 09:00:00,open,11,"<b>SECRET</b>, and
a second line"
2,2026-01-05 10:00:00,2026-01-06 09:00:00,open,12,"""
HISTORY = """field_name,ticket_id,updated,user_id,value
status,1,2026-01-05 09:00:00,,new
tags,1,2026-01-05 09:00:00,,a b
status,1,yesterday,,open
,1,2026-01-05 09:00:00,,open
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "scratch").mkdir()
    return tmp_path / "tables"


def read(folder: Path, **tables: str) -> Objects:
    for name, text in {"ticket": TICKET, **tables}.items():
        (folder / f"{name}.csv").write_text(text)
    return landed_objects(folder, folder.parent / "scratch", lambda path: path.name)


@pytest.mark.parametrize(
    ("table", "name", "is_one"),
    [
        ("ticket", "ticket.csv", True),
        ("ticket", "ticket_data.csv", True),
        ("ticket", "TICKET.csv", True),
        ("ticket", "zendesk_ticket.parquet", True),
        ("ticket", "ticket-0001.parquet", True),
        ("ticket", "ticket_comment.csv", False),
        ("ticket", "ticket.txt", False),
        ("user", "user_tag.csv", False),
        ("ticket_chat", "ticket_chat_event_data.csv", False),
        ("ticket_field_history", "ticket_field_history.tsv", True),
        ("ticket", "ticket/part-0.parquet", True),
        ("ticket", "ticket/_SUCCESS", False),
    ],
)
def test_a_table_is_found_by_its_name(folder: Path, table: str, name: str, is_one: bool):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).touch()
    assert bool(files_of(folder, table)) == is_one


def test_texts_with_line_ends_are_no_rows_of_their_own_and_are_not_kept(folder: Path):
    found = read(folder)
    assert found.of(TICKETS).select("ticket_id", "row").collect().rows() == [(1, 1), (2, 2)]
    kept = b"".join(file.read_bytes() for file in (folder.parent / "scratch").iterdir())
    assert b"SECRET" not in kept


def test_changes_of_other_fields_are_left_out_and_unreadable_ones_counted(folder: Path):
    found = read(folder, ticket_field_history=HISTORY)
    assert found.of(CHANGES).select("field", "value").collect().rows() == [("status", "new")]
    assert found.broken.select("rule", "file", "row", "text").rows() == [
        ("unparseable_time", "ticket_field_history.csv", 3,
         '{"ticket_id":"1","at":"yesterday","field":"status"}'),
        ("missing_required", "ticket_field_history.csv", 4,
         '{"ticket_id":"1","at":"2026-01-05 09:00:00","field":null}'),
    ]  # fmt: skip


def test_a_renamed_column_is_named(folder: Path):
    with pytest.raises(
        Unavailable, match=r"history.csv has no column 'updated'; it has .*updated_on"
    ):
        read(folder, ticket_field_history=HISTORY.replace("updated", "updated_on"))


def test_a_column_that_need_not_be_there_is_null(folder: Path):
    found = read(folder, user="id,role\n11,end-user\n")
    seen = found.of(USERS).select("user_id", "email", "external_id").collect().rows()
    assert seen == [(11, None, None)]


def test_without_tickets_it_says_what_to_export(folder: Path):
    (folder / "user.csv").write_text("id,role\n")
    with pytest.raises(Unavailable, match=r"no table of tickets in tables: .*ticket.csv"):
        landed_objects(folder, folder.parent / "scratch", lambda path: path.name)


def test_parquet_with_types_of_its_own_is_read_as_csv_is(folder: Path):
    as_text = read(folder).of(TICKETS).drop("file").collect().to_dicts()
    (folder / "ticket.csv").unlink()
    typed = pl.read_csv(TICKET.encode(), try_parse_dates=True)
    typed.with_columns(_fivetran_deleted=False).write_parquet(folder / "ticket.parquet")
    for old in (folder.parent / "scratch").iterdir():
        old.unlink()
    found = landed_objects(folder, folder.parent / "scratch", lambda path: path.name)
    same = found.of(TICKETS).drop("file").collect().to_dicts()
    assert same == [row | {"is_gone": False} for row in as_text]


def test_messages_of_chats_are_comments_and_those_of_bots_are_automatic(folder: Path):
    found = read(
        folder,
        ticket_chat="chat_id,ticket_id\na,1\na,1\nb,2\n",
        ticket_chat_event="chat_id,created_at,actor_id,type,message\n"
        "a,2026-01-05 09:01:00.5,agent:20,ChatMessage,hello\n"
        "a,2026-01-05 09:02:00,11,ChatMessage,\n"
        "a,2026-01-05 09:03:00,__trigger,ChatMessage,\n"
        "b,2026-01-05 09:04:00,agent:,ChatFileAttachment,\n"
        "b,2026-01-05 09:05:00,20,ChatJoin,\n"
        "c,2026-01-05 09:05:00,20,ChatMessage,\n",
    )
    columns = ("ticket_id", "user_id", "is_public", "is_automatic", "is_chat")
    assert sorted(found.of(COMMENTS).select(columns).collect().rows(), key=repr) == [
        (1, 11, True, False, True),
        (1, 20, True, False, True),
        (1, None, True, True, True),
        (2, None, True, True, True),
    ]


def test_the_tag_of_merged_tickets_marks_them(folder: Path):
    found = read(folder, ticket_tag="tag,ticket_id\ncustomer,1\nclosed_by_merge,2\n")
    assert found.of(MERGED).select("ticket_id").collect().rows() == [(2,)]
