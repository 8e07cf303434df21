"""Intercom's conversations: opened, answered by a person, closed, opened again, rated."""

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.connectors.cells import Kind
from perdura.sources.connectors.intercom.columns import COLUMNS
from perdura.sources.connectors.intercom.conversations import conversation_frames, newest_contacts
from perdura.sources.events import TICKETS
from perdura.sources.extract import IncompleteExtract
from tests.support.small_sources import Business, at
from tests.support.vendors import connected_to

UNTIL = at(1, month=6)


def seconds(day: int, hour: int = 0) -> int:
    """A moment in February 2026, as Intercom writes it."""
    return int(at(day, hour).timestamp())


def conversation(number: int, **values: Any) -> dict[str, Any]:
    """A conversation as the API gives it, begun by a contact on 1 February."""
    return {
        "type": "conversation",
        "id": str(number),
        "title": "Secret title",
        "created_at": seconds(1),
        "updated_at": seconds(20),
        "state": "open",
        "priority": "not_priority",
        "source": {
            "type": "conversation",
            "delivered_as": "customer_initiated",
            "body": "<p>Secret 😀</p>",
            "author": {"type": "user", "id": "c1", "email": "ann@example.com", "name": "Ann"},
        },
        "contacts": {"type": "contact.list", "contacts": [{"id": "c1", "external_id": "ann"}]},
        "conversation_rating": {"rating": None, "created_at": None},
        "statistics": {},
        **values,
    }


def part(
    number: int, day: int, kind: str, author: str = "admin", *, agent: bool = False, **values: Any
) -> dict[str, Any]:
    return {
        "type": "conversation_part",
        "id": str(number),
        "part_type": kind,
        "created_at": seconds(day),
        "author": {"type": author, "id": "x", "name": "Secret", "from_ai_agent": agent},
        "body": "<p>Secret</p>" if kind == "comment" else None,
        **values,
    }


def with_parts(number: int, *parts: dict[str, Any], **values: Any) -> dict[str, Any]:
    listed = {"type": "conversation_part.list", "conversation_parts": [*parts]}
    return conversation(number, conversation_parts=listed, **values)


def intercom(folder: Path, *lines: dict[str, Any]) -> Business:
    business = connected_to("intercom", folder / "export", folder)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    business.write("export/conversations.jsonl", text)
    return business


def told(business: Business, *columns: str) -> list[tuple[object, ...]]:
    business.extract(UNTIL)
    events = business.landing.events()["tickets"].sort("ticket_id", "happened_at", "kind").collect()
    return events.select("kind", pl.col("happened_at").dt.day(), *columns).rows()


def test_parts_tell_the_first_answer_of_a_person_and_each_turn(tmp_path: Path):
    business = intercom(
        tmp_path,
        with_parts(
            1,
            part(1, 1, "comment", "bot"),
            part(2, 2, "note"),
            part(3, 2, "assignment"),
            part(4, 2, "comment", agent=True),
            part(5, 3, "comment"),
            part(6, 4, "comment"),
            part(7, 5, "close"),
            part(8, 5, "close"),
            part(9, 7, "comment", "user"),
            part(10, 8, "comment", "user"),
            part(11, 9, "close", body="<p>Bye</p>"),
            part(12, 12, "open"),
        ),
    )  # fmt: skip
    assert told(business, "hours", "subscriber_id", "channel") == [
        ("opened", 1, None, "ann", "chat"),
        ("replied", 3, 48.0, "ann", "chat"),
        ("resolved", 5, 96.0, "ann", "chat"),
        ("reopened", 7, None, "ann", "chat"),
        ("resolved", 9, 192.0, "ann", "chat"),
        ("reopened", 12, None, "ann", "chat"),
    ]


def test_closing_with_a_message_answers_and_closes(tmp_path: Path):
    business = intercom(tmp_path, with_parts(1, part(1, 2, "close", body="<p>Done</p>")))
    assert [kind for kind, _ in told(business)] == ["opened", "replied", "resolved"]
    silent = intercom(tmp_path / "2", with_parts(1, part(1, 2, "close")))
    assert [kind for kind, _ in told(silent)] == ["opened", "resolved"]


@pytest.mark.parametrize(
    ("values", "events"),
    [
        ({}, [("opened", 1)]),
        ({"statistics": {"first_admin_reply_at": seconds(2), "first_close_at": seconds(3),
                         "last_close_at": seconds(3)}, "state": "closed"},
         [("opened", 1), ("replied", 2), ("resolved", 3)]),
        # Open again: since the contact wrote, and else since the row was written.
        ({"statistics": {"first_close_at": seconds(3), "last_close_at": seconds(3),
                         "last_contact_reply_at": seconds(5)}},
         [("opened", 1), ("resolved", 3), ("reopened", 5)]),
        ({"statistics": {"first_close_at": seconds(3), "last_close_at": seconds(6),
                         "last_contact_reply_at": seconds(5)}, "state": "snoozed"},
         [("opened", 1), ("resolved", 3), ("resolved", 6), ("reopened", 20)]),
        # Yours opens when it is answered, and never if it is not.
        ({"source": {"type": "email", "delivered_as": "automated"}}, []),
        ({"source": {"type": "email", "delivered_as": "admin_initiated"},
          "first_contact_reply": {"created_at": seconds(4)}}, [("opened", 4)]),
        ({"conversation_rating": {"rating": 2, "created_at": seconds(3), "updated_at": seconds(9)}},
         [("opened", 1), ("rated", 9)]),
        ({"conversation_rating": {"rating": 2, "created_at": seconds(3)}},
         [("opened", 1), ("rated", 20)]),
        # Since when it has priority an object does not say.
        ({"priority": "priority"}, [("opened", 1)]),
    ],
)  # fmt: skip
def test_a_conversation_without_parts_tells_what_its_own_times_say(
    tmp_path: Path, values: dict[str, Any], events: list[tuple[str, int]]
):
    business = intercom(tmp_path, conversation(1, **values), conversation(2))
    found = told(business, "ticket_id")
    assert [(kind, day) for kind, day, ticket in found if ticket == "1"] == events
    rows = business.landing.events()["tickets"].collect()
    reopened = rows.filter(pl.col("kind") == "reopened")
    assert set(reopened["known_at"]) <= {at(20)}
    assert set(rows.filter(pl.col("kind") == "rated")["score"]) <= {2.0}


def test_a_page_of_the_list_is_as_many_conversations_and_every_row_counts(tmp_path: Path):
    page = {"type": "conversation.list", "pages": {"page": 1}, "total_count": 2,
            "conversations": [conversation(1), conversation(2)]}  # fmt: skip
    business = intercom(tmp_path, page, with_parts(3, part(1, 2, "note")))
    report = business.table_report("tickets", UNTIL)
    counts = report.in_rows
    assert (counts.read, counts.landed, counts.dropped, counts.rejected) == (4, 3, 1, 0)
    assert any(note.startswith("2 of 3 conversations come without parts") for note in report.notes)


def test_what_cannot_be_read_is_counted_and_no_text_is_kept(tmp_path: Path):
    business = intercom(
        tmp_path,
        conversation(1),
        conversation(2, created_at="soon"),
        conversation(3, contacts={"contacts": []}),
        conversation(4, conversation_rating={"rating": 9, "updated_at": seconds(9)}),
        {"id": None, "note": "Secret"},
        {"conversations": ["Secret"]},
    )
    with (tmp_path / "export/conversations.jsonl").open("a") as file:
        file.write('{"id": "7", "bo')
    business.extract(UNTIL)
    assert [*business.events("tickets", ("kind", "ticket_id"))] == [
        ("opened", "1"),
        ("opened", "4"),
    ]
    rows = business.landing.rejected(TICKETS, UNTIL.date())
    assert sorted(rows.select("row", "rule").rows()) == [
        (2, "unparseable_time"),
        (3, "no_subscriber"),
        (4, "off_scale"),
        (5, "missing_required"),
        (6, "missing_required"),
        (7, "cut_off"),
    ]
    assert not rows["text"].str.contains("Secret").any()


def test_an_export_that_overlaps_tells_each_conversation_and_part_once(tmp_path: Path):
    older = with_parts(1, part(1, 2, "comment"), updated_at=seconds(2))
    newer = with_parts(1, part(1, 2, "comment"), part(2, 3, "close"), updated_at=seconds(3))
    business = intercom(tmp_path, newer, older)
    assert [kind for kind, _ in told(business)] == ["opened", "replied", "resolved"]
    assert business.table_report("tickets", UNTIL).rejected == {}


def table(rows: list[dict[str, str]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, [*dict.fromkeys(name for row in rows for name in row)])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_landed_tables_tell_the_same_and_since_when_it_had_priority(tmp_path: Path):
    business = connected_to("intercom", tmp_path / "tables", tmp_path)

    def version(updated_at: str, **values: str) -> dict[str, str]:
        own = {"id": "1", "updated_at": updated_at, "created_at": "2026-02-01 00:00:00",
               "source_delivered_as": "customer_initiated", "source_type": "email",
               "source_author_id": "c1", "state": "open", "priority": "not_priority",
               "conversation_rating_value": "", "source_body": "Secret"}  # fmt: skip
        return {**own, **values}

    def done(number: str, day: str, kind: str, author: str = "admin", body: str = "x"):
        return {"id": number, "conversation_id": "1", "created_at": f"2026-02-{day} 00:00:00",
                "part_type": kind, "author_type": author, "body": body}  # fmt: skip

    tables = {
        "conversation_history": [
            version("2026-02-02"),
            version("2026-02-04", priority="priority"),
            version("2026-02-06", priority="priority", state="closed"),
            version("2026-02-08", priority="priority", conversation_rating_value="5"),
        ],
        "conversation_part_history": [
            done("1", "03", "comment"),
            done("2", "06", "close", body=""),
            done("3", "06", "note"),
        ],
        "conversation_contact_history": [{"conversation_id": "1", "contact_id": "c2"}],
        "contact_history": [
            {"id": "c1", "updated_at": "2026-01-01", "external_id": "bob", "email": "b@x.org"},
            {"id": "c2", "updated_at": "2026-01-01", "external_id": "ann", "email": "a@x.org"},
        ],
    }
    for name, rows in tables.items():
        business.write(f"tables/{name}.csv", table(rows))
    assert told(business, "subscriber_id", "hours", "score", "channel") == [
        ("opened", 1, "ann", None, None, "email"),
        ("replied", 3, "ann", 48.0, None, "email"),
        ("escalated", 4, "ann", None, None, "email"),
        ("resolved", 6, "ann", 120.0, None, "email"),
        ("rated", 8, "ann", None, 5.0, "email"),
    ]
    counts = business.table_report("tickets", UNTIL).in_rows
    assert (counts.read, counts.dropped, counts.rejected) == (7, 2, 0)


def test_a_folder_without_conversations_says_what_was_expected(tmp_path: Path):
    business = connected_to("intercom", tmp_path / "export", tmp_path)
    business.write("export/contacts.jsonl", "{}\n")
    with pytest.raises(IncompleteExtract, match=r"no conversations in .*expected conversations"):
        business.extract(UNTIL)


KINDS = ("comment", "close", "open", "note", "assignment", "snoozed")
drawn = st.lists(
    st.tuples(
        st.integers(-2, 6),
        st.sampled_from(KINDS),
        st.sampled_from(["admin", "user", "bot"]),
        st.booleans(),
    ),
    max_size=8,
)
BEGUN = datetime(2026, 2, 1, tzinfo=UTC)


def walked(parts: list[tuple[int, str, str, bool]]) -> list[list[str]]:
    """What each part does, by a walk through them: the specification, one part at a time."""
    state, answered, found = "open", False, list[list[str]]()
    for day, kind, author, body in parts:
        did: list[str] = []
        if day >= 0:
            words = kind == "comment" or (body and kind != "note")
            if author == "admin" and words and not answered:
                answered = True
                did.append("replied")
            if kind == "close" and state == "open":
                state = "closed"
                did.append("resolved")
            elif state == "closed" and (kind == "open" or (kind == "comment" and author == "user")):
                state = "open"
                did.append("reopened")
        found.append(did)
    return found


def empty(name: str) -> pl.DataFrame:
    types: dict[Kind, pl.DataType] = {
        "text": pl.String(), "time": pl.Datetime("us", "UTC"), "number": pl.Float64(),
        "flag": pl.Boolean(), "filled": pl.Boolean(),
    }  # fmt: skip
    columns = {column: types[kind] for column, kind in COLUMNS[name].items()}
    return pl.DataFrame(schema={**columns, "file": pl.String, "row": pl.UInt32})


SCHEMA = empty("parts").schema


@given(drawn)
def test_each_part_does_what_a_walk_through_them_finds(parts: list[tuple[int, str, str, bool]]):
    parts = sorted(parts, key=lambda one: one[0])
    rows = pl.DataFrame(
        [
            {"id": f"{number:03}", "conversation_id": "1", "part_type": kind, "author_type": author,
             "created_at": BEGUN + timedelta(days=day), "body": body, "file": "f", "row": number}
            for number, (day, kind, author, body) in enumerate(parts)
        ],
        schema={name: kind for name, kind in SCHEMA.items() if name != "automatic"},
    )  # fmt: skip
    begun = pl.DataFrame({"id": ["1"], "created_at": [BEGUN], "updated_at": [BEGUN]})
    schema = empty("conversations").schema
    conversations = pl.concat(
        [empty("conversations"), begun.cast({name: schema[name] for name in begun.columns})],
        how="diagonal",
    )
    given_parts = pl.concat([empty("parts"), rows], how="diagonal")
    contacts = newest_contacts(empty("contacts").lazy())
    frames = conversation_frames(
        conversations.lazy(), given_parts.lazy(), contacts, history=False
    )  # fmt: skip
    done = frames.parts.sort("row").select("answered", "turned").collect().rows()
    assert [[did for did in row if did] for row in done] == walked(parts)
