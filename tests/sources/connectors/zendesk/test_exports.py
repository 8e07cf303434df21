"""JSON of Zendesk's exports: an object a line or pages, whatever else is in them."""

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.zendesk.exports import exported_objects, json_exports
from perdura.sources.connectors.zendesk.objects import (
    CHANGES,
    COMMENTS,
    MERGED,
    RATINGS,
    TICKETS,
    USERS,
    ObjectKind,
    Objects,
)

TICKET = {
    "id": 35436,
    "created_at": "2026-01-05T09:00:00Z",
    "updated_at": "2026-01-06T09:00:00Z",
    "generated_timestamp": 1767690000,
    "status": "open",
    "priority": "urgent",
    "requester_id": 11,
    "submitter_id": 11,
    "organization_id": None,
    "subject": "TOP SECRET",
    "description": "<p>TOP SECRET 😀</p>",
    "via": {"channel": "email", "source": {"from": {"address": "TOP@SECRET"}, "rel": None}},
    "tags": ["a", "b"],
    "custom_fields": [{"id": 1, "value": "TOP SECRET"}],
}
EVENT = {
    "id": 1,
    "ticket_id": 35436,
    "timestamp": 1767610800,
    "updater_id": 20,
    "via": "Web form",
    "child_events": [],
}


@pytest.fixture
def exported(tmp_path: Path):
    """Write files of lines, or of text as it is, and read them."""

    def read(**files: list[Any] | str) -> Objects:
        folder, scratch = tmp_path / "exports", tmp_path / "scratch"
        folder.mkdir()
        scratch.mkdir()
        for name, lines in files.items():
            text = lines if isinstance(lines, str) else "".join(map(as_line, lines))
            (folder / f"{name}.jsonl").write_text(text)
        return exported_objects(json_exports(folder), scratch, lambda path: path.name)

    return read


def as_line(thing: object) -> str:
    return json.dumps(thing, ensure_ascii=False) + "\n"


def rows(objects: Objects, kind: ObjectKind, *columns: str) -> list[tuple[Any, ...]]:
    return objects.of(kind).select(columns).collect().rows()


def event(*children: dict[str, Any], **more: Any) -> dict[str, Any]:
    return EVENT | {"child_events": list(children)} | more


def test_lines_and_pages_tell_the_same(exported, tmp_path):
    lines = exported(tickets=[TICKET, TICKET | {"id": 2}], users=[{"id": 11, "role": "end-user"}])
    first = [lines.of(kind).drop("file", "row").collect() for kind in (TICKETS, USERS)]
    for folder in ("exports", "scratch"):
        (tmp_path / folder).rename(tmp_path / f"{folder}-of-lines")
    page = {
        "after_cursor": "MTU3",
        "end_of_stream": False,
        "tickets": [TICKET],
        "users": [{"id": 11, "role": "end-user"}],
    }
    paged = exported(page_1=[page], page_2=[{"tickets": [TICKET | {"id": 2}], "users": []}])
    again = [paged.of(kind).drop("file", "row").collect() for kind in (TICKETS, USERS)]
    assert [frame.rows() for frame in again] == [frame.rows() for frame in first]


@pytest.mark.parametrize("indent", [None, 2])
def test_one_json_text_over_several_lines_is_a_list_or_a_page(exported, indent):
    page = json.dumps({"tickets": [TICKET]}, indent=indent)
    listed = json.dumps([TICKET | {"id": 2}, TICKET | {"id": 3}], indent=indent)
    found = exported(pages=page, tickets=listed)
    assert sorted(rows(found, TICKETS, "ticket_id")) == [(2,), (3,), (35436,)]
    assert found.broken.is_empty()


def test_the_latest_version_of_a_ticket_counts_wherever_it_stands(exported):
    newer = TICKET | {"status": "solved", "generated_timestamp": 1767690001}
    found = exported(tickets=[newer, TICKET])
    assert found.latest(TICKETS).select("status").collect().rows() == [("solved",)]


def test_fields_of_events_are_changes_and_a_merge_is_one(exported):
    found = exported(
        tickets=[TICKET],
        ticket_events=[
            event(
                {"id": 1, "status": "new", "priority": "low", "event_type": "Create"},
                {"id": 2, "type": "question", "event_type": "Create"},
                {"id": 3, "custom_ticket_fields": {"1": "x"}, "event_type": "Change"},
            ),
            event({"id": 4, "status": "closed", "event_type": "Change"}, id=2, via="Merge"),
            event({"id": 5, "type": "Notification", "event_type": "Notification"}, id=3),
            event({"id": 6, "event_type": "SatisfactionRating", "score": "bad"}, id=4),
        ],
    )
    assert sorted(rows(found, CHANGES, "field", "value")) == [
        ("priority", "low"),
        ("satisfaction_score", "bad"),
        ("status", "closed"),
        ("status", "new"),
        ("type", "question"),
    ]
    assert rows(found, MERGED, "ticket_id") == [(35436,)]


def test_a_comment_is_told_by_a_side_load_or_by_flags_of_the_event(exported):
    loaded = {"id": 1, "event_type": "Comment", "author_id": 11, "public": True, "body": "x"}
    found = exported(
        tickets=[TICKET],
        ticket_events=[
            event(
                {"id": 2, "comment_present": True, "comment_public": False, "event_type": "Change"}
            ),
            event(loaded | {"created_at": "2026-01-05T12:00:00Z"}, id=2, updater_id=-1),
            event(loaded | {"via": {"channel": "rule"}}, id=3),
            event(loaded | {"author_id": -1}, id=4),
            event(loaded, id=5, via="Answer bot"),
        ],
    )
    seen = rows(found, COMMENTS, "user_id", "is_public", "is_automatic")
    assert seen == [
        (20, False, False),
        (11, True, False),
        (11, True, True),
        (-1, True, True),
        (11, True, True),
    ]


def test_audits_tell_what_events_do(exported):
    audit = {
        "id": 1,
        "ticket_id": 35436,
        "created_at": "2026-01-05T11:00:00Z",
        "author_id": 20,
        "via": {"channel": "web", "source": {"rel": "merge"}},
        "events": [
            {"id": 1, "type": "Comment", "public": True, "body": "x", "author_id": 20},
            {"id": 2, "type": "Change", "field_name": "status", "value": "closed"},
            {"id": 3, "type": "Change", "field_name": "tags", "value": ["a"]},
            {"id": 4, "type": "Change", "field_name": "assignee_id", "value": None},
        ],
    }
    found = exported(tickets=[TICKET], ticket_audits=[audit])
    assert sorted(rows(found, CHANGES, "field", "value")) == [
        ("assignee_id", None),
        ("status", "closed"),
    ]
    assert rows(found, COMMENTS, "user_id", "is_public") == [(20, True)]
    assert rows(found, MERGED, "ticket_id") == [(35436,)]


def test_what_stands_on_two_pages_counts_once(exported):
    one = event({"id": 1, "status": "open", "event_type": "Change"})
    found = exported(tickets=[TICKET], a=[{"ticket_events": [one]}, {"ticket_events": [one]}])
    assert rows(found, CHANGES, "value") == [("open",)]


def test_a_rating_is_given_when_it_was_updated_not_when_it_was_offered(exported):
    rating = {
        "id": 1,
        "ticket_id": 35436,
        "score": "good",
        "created_at": "2026-01-07T00:00:00Z",
        "updated_at": "2026-01-09T00:00:00Z",
        "comment": "TOP SECRET",
    }
    found = exported(tickets=[TICKET], satisfaction_ratings=[rating])
    assert [(str(at)[:10], score) for at, score in rows(found, RATINGS, "at", "score")] == [
        ("2026-01-09", "good")
    ]


class TestBadInput:
    def test_lines_that_are_no_objects_are_counted_and_the_rest_is_read(self, exported):
        good = as_line(TICKET)
        found = exported(tickets=f'{good}{{"id": 2, "sub\n[1]\nnull\n{good}{{"id": 3, "crea')
        assert found.broken.select("rule", "row", "text").rows() == [
            ("broken_line", 2, '{"id": 2'),
            ("broken_line", 3, "[1]\n"),
            ("broken_line", 4, "null\n"),
            ("cut_off", 6, '{"id": 3'),
        ]
        assert rows(found, TICKETS, "row") == [(1,), (5,)]

    def test_an_object_without_what_it_needs_is_counted_with_the_rule(self, exported):
        odd = [{"id": "x1"}, {"id": None}, {"created_at": "yesterday"}, {"created_at": None}]
        found = exported(tickets=[TICKET, *(TICKET | more for more in odd)])
        assert sorted(found.broken.select("row", "rule").rows()) == [
            (2, "bad_type"),
            (3, "missing_required"),
            (4, "unparseable_time"),
            (5, "missing_required"),
        ]
        assert len(rows(found, TICKETS, "ticket_id")) == 1

    def test_ids_as_texts_and_floats_are_the_same_ids(self, exported):
        found = exported(tickets=[TICKET | {"id": "7"}, TICKET | {"id": 7.0}, TICKET | {"id": 7}])
        assert rows(found, TICKETS, "ticket_id") == [(7,)] * 3

    def test_a_key_that_holds_something_else_breaks_its_line_alone(self, exported):
        events = [
            event({"status": "open", "event_type": "Change"}),
            event(id=2) | {"child_events": {}},
        ]
        found = exported(tickets=[TICKET], ticket_events=events)
        assert found.broken.select("file", "row").rows() == [("ticket_events.jsonl", 2)]
        assert rows(found, CHANGES, "value") == [("open",)]

    def test_a_huge_body_with_html_and_emoji_is_no_part_of_what_is_kept(self, exported, tmp_path):
        body = "<div>TOP SECRET 😀 \\u0000 \u2028</div>" * 100_000
        exported(tickets=[TICKET | {"description": body}, TICKET | {"id": 2}])
        kept = b"".join(file.read_bytes() for file in (tmp_path / "scratch").rglob("*.*"))
        assert len(kept) < 100_000
        assert b"SECRET" not in kept

    def test_without_tickets_it_says_what_to_export(self, exported):
        with pytest.raises(Unavailable, match=r"no tickets in users.jsonl; export them too"):
            exported(users=[{"id": 1}])

    def test_a_file_of_something_else_is_named(self, exported):
        with pytest.raises(Unavailable, match=r"holidays.jsonl holds none of tickets, users"):
            exported(tickets=[TICKET], holidays=[{"day": "x"}])


def test_files_are_known_by_what_they_hold_where_their_names_say_nothing(exported):
    found = exported(export=[TICKET], more=[event({"status": "open", "event_type": "Change"})])
    assert rows(found, CHANGES, "value") == [("open",)]
    assert isinstance(found.of(TICKETS), pl.LazyFrame)


@pytest.mark.parametrize("key", ["requester_id", "status"])
def test_a_key_of_tickets_that_was_renamed_is_named(exported, key):
    """Else no ticket would be a subscriber's, or none would ever end."""
    renamed = {f"{key}_v2" if name == key else name: value for name, value in TICKET.items()}
    words = f"hardly any of the tickets has the key '{key}'; did you mean {key}_v2?"
    with pytest.raises(Unavailable, match=re.escape(words)):
        exported(tickets=[renamed, renamed | {"id": 2}])
