"""Events of tickets: what opened, answered, raised, ended, reopened and rated them, and as what."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.connectors.zendesk.objects import (
    CHANGES,
    COMMENTS,
    MERGED,
    RATINGS,
    TICKETS,
    USERS,
    Objects,
)
from perdura.sources.connectors.zendesk.ticket_events import ticket_events
from tests.support.zendesk_things import hour, objects

ANN, BOB, AGENT, ADMIN = 11, 12, 20, 21
STAFF = [
    {"user_id": AGENT, "role": "agent"},
    {"user_id": ADMIN, "role": "admin"},
    {"user_id": ANN, "role": "end-user"},
]
TICKET = {"ticket_id": 1, "created_at": hour(0), "requester_id": ANN, "submitter_id": ANN}


def change(at: float, field: str, value: str | None) -> dict[str, Any]:
    return {"ticket_id": 1, "at": hour(at), "field": field, "value": value}


def comment(at: float, user_id: int | None, **more: object) -> dict[str, Any]:
    return {"ticket_id": 1, "at": hour(at), "user_id": user_id, "is_public": True, **more}


def told(
    changes: Iterable[Any] = (), comments: Iterable[Any] = (), *, ticket: Any = TICKET, **more: Any
) -> list[tuple[Any, ...]]:
    """Hours after the start, kind and hours of each event but the opening, in order."""
    things = {TICKETS: [ticket], CHANGES: changes, COMMENTS: comments, USERS: STAFF}
    kinds = {"merged": MERGED, "ratings": RATINGS}
    things |= {kinds[name]: rows for name, rows in more.items()}
    rows = ticket_events(objects(things)).filter(pl.col("kind") != "opened").collect()
    order = rows.sort("happened_at", maintain_order=True)
    at = (order["happened_at"] - hour(0)).dt.total_seconds() / 3600
    return list(zip(at, order["kind"], order["hours"], strict=True))


@pytest.mark.parametrize(
    ("changes", "events"),
    [
        ([(0, "new"), (5, "solved")], [(5, "resolved", 5)]),
        ([(5, "solved"), (100, "closed")], [(5, "resolved", 5)]),
        ([(5, "closed")], [(5, "resolved", 5)]),
        ([(5, "solved"), (7, "open"), (9, "solved")],
         [(5, "resolved", 5), (7, "reopened", None), (9, "resolved", 9)]),
        ([(5, "solved"), (7, "hold"), (8, "pending")], [(5, "resolved", 5), (7, "reopened", None)]),
        ([(5, "deleted"), (6, "open")], [(5, "deleted", None)]),
        ([(5, "solved"), (6, "deleted"), (7, "open")], [(5, "resolved", 5)]),
        ([(5, "solved"), (6, "solved")], [(5, "resolved", 5)]),
        ([(5, "a new status")], []),
        ([(5, "solved"), (6, None), (7, "closed")], [(5, "resolved", 5)]),  # a line that was cut
    ],
)  # fmt: skip
def test_a_ticket_ends_and_is_opened_again(changes: list[Any], events: list[Any]):
    assert told([change(at, "status", value) for at, value in changes]) == events


@pytest.mark.parametrize(
    ("priorities", "raised"),
    [
        ([(0, "low"), (1, "high")], [1]),
        ([(0, "low"), (1, "normal"), (2, "urgent")], [1, 2]),
        ([(0, "high"), (1, "low"), (2, "normal")], [2]),
        ([(3, "urgent")], []),  # its first priority: judged, not raised
        ([(0, "normal"), (1, "medium"), (2, "high")], [2]),  # 'medium' is none of Zendesk's
        ([(0, "high"), (1, None), (2, "urgent")], [2]),
    ],
)
def test_a_raised_priority_is_an_escalation(priorities: list[Any], raised: list[int]):
    found = told([change(at, "priority", value) for at, value in priorities])
    assert found == [(at, "escalated", None) for at in raised]


@pytest.mark.parametrize(
    ("comments", "events"),
    [
        ([comment(0, ANN), comment(2, AGENT), comment(3, ADMIN)], [(2, "replied", 2)]),
        ([comment(0, ANN), comment(2, AGENT, is_public=False), comment(3, ADMIN)],
         [(3, "replied", 3)]),
        ([comment(2, AGENT, is_automatic=True), comment(4, AGENT)], [(4, "replied", 4)]),
        ([comment(1, ANN), comment(2, BOB), comment(3, None)], []),  # none of them is an agent
        ([comment(0, AGENT), comment(5, AGENT)], [(5, "replied", 5)]),  # at once: by itself
        ([comment(2, AGENT, is_public=None)], []),
    ],
)  # fmt: skip
def test_the_first_reply_is_the_first_public_comment_of_an_agent(
    comments: list[Any], events: list[Any]
):
    assert told(comments=comments) == events


def test_of_a_ticket_that_an_agent_opened_the_customer_waits_from_their_own_first_comment():
    ticket = TICKET | {"submitter_id": AGENT}
    comments = [comment(0, AGENT), comment(1, AGENT), comment(240, ANN), comment(243, ADMIN)]
    assert told(comments=comments, ticket=ticket) == [(243, "replied", 3)]


def test_an_agent_does_not_answer_their_own_request():
    ticket = TICKET | {"requester_id": AGENT, "submitter_id": AGENT}
    comments = [comment(0, AGENT), comment(1, AGENT), comment(2, ADMIN)]
    assert told(comments=comments, ticket=ticket) == [(2, "replied", 2)]


def test_a_chat_is_answered_before_its_ticket_is_opened():
    comments = [comment(-1, ANN, is_chat=True), comment(-0.5, AGENT, is_chat=True)]
    assert told(comments=comments) == [(0, "replied", 0.5)]


def test_what_an_event_says_is_what_the_ticket_was_then():
    changes = [
        change(0, "priority", "low"),
        change(0, "type", "question"),
        change(1, "assignee_id", "20"),
        change(2, "assignee_id", None),
        change(3, "priority", "high"),
        change(4, "assignee_id", "21"),
        change(5, "requester_id", "12"),
        change(6, "status", "solved"),
        change(6, "priority", "urgent"),
    ]
    rows = ticket_events(objects({TICKETS: [TICKET], CHANGES: changes})).sort("happened_at", "kind")
    seen = rows.select("kind", "priority", "type", "assignee_id", "requester_id").collect().rows()
    assert seen == [
        ("opened", "low", "question", None, ANN),
        ("escalated", "high", "question", None, ANN),
        ("escalated", "urgent", "question", 21, BOB),
        ("resolved", "urgent", "question", 21, BOB),
    ]


def test_no_ticket_takes_over_what_another_one_was():
    changes = [change(0, "priority", "urgent"), change(1, "status", "solved")]
    other = TICKET | {"ticket_id": 2, "requester_id": BOB}
    found = ticket_events(objects({TICKETS: [TICKET, other], CHANGES: changes})).collect()
    assert found.filter(ticket_id=2).select("kind", "priority", "requester_id").rows() == [
        ("opened", None, BOB)
    ]


@pytest.mark.parametrize(
    ("ticket", "events"),
    [
        ({"status": "closed", "updated_at": hour(50)}, [(50, "resolved", None)]),
        ({"status": "deleted", "updated_at": hour(2)}, [(2, "deleted", None)]),
        ({"status": "open", "updated_at": hour(50)}, []),
        ({"status": "open", "updated_at": hour(2), "is_gone": True, "gone_at": hour(9)},
         [(9, "deleted", None)]),
        ({"status": "closed", "updated_at": None}, [(0, "resolved", None)]),
    ],
)  # fmt: skip
def test_where_the_history_tells_no_end_the_ticket_ended_by_its_last_update(
    ticket: Any, events: list[Any]
):
    assert told(ticket=TICKET | ticket) == events


def test_an_end_that_the_history_tells_is_told_once():
    ticket = TICKET | {"status": "closed", "updated_at": hour(100)}
    assert told([change(5, "status", "solved")], ticket=ticket) == [(5, "resolved", 5)]


@pytest.mark.parametrize("by", ["listed", "marked"])
def test_a_merge_closes_a_ticket_that_was_not_solved(by: str):
    into = {"ticket_id": 2, "created_at": hour(0), "merged_ids": "[1, 77]"}
    things = {TICKETS: [TICKET, into if by == "listed" else into | {"merged_ids": "[]"}]}
    things[CHANGES] = [change(3, "status", "closed")]
    things[MERGED] = [{"ticket_id": 1}] if by == "marked" else []
    found = ticket_events(objects(things)).filter(pl.col("kind") != "opened").collect()
    assert found.select("ticket_id", "kind", "hours").rows() == [(1, "merged", None)]


class TestRatings:
    def scores(self, changes: Iterable[Any] = (), ratings: Iterable[Any] = ()) -> list[Any]:
        things = {TICKETS: [TICKET], CHANGES: changes, RATINGS: ratings}
        rated = ticket_events(objects(things)).filter(kind="rated").sort("happened_at").collect()
        hours = (rated["happened_at"] - hour(0)).dt.total_hours()
        return list(zip(hours, rated["score"], strict=True))

    @pytest.mark.parametrize(
        ("words", "scores"),
        [
            (["offered", "good"], [(1, 5)]),
            (["offered", "good", "goodwithcomment", "bad"], [(1, 5), (3, 1)]),
            (["offered"], []),
            (["Bad"], [(0, 1)]),
            (["4", "6", "splendid"], [(0, 4)]),
        ],
    )
    def test_of_the_history_each_change_of_mind(self, words: list[str], scores: list[Any]):
        changes = [change(at, "satisfaction_score", word) for at, word in enumerate(words)]
        assert self.scores(changes) == scores

    def test_ratings_apart_count_where_the_history_holds_none(self):
        rating = {"ticket_id": 1, "at": hour(9), "score": "bad"}
        assert self.scores(ratings=[rating]) == [(9, 1)]
        assert self.scores([change(1, "satisfaction_score", "offered")], [rating]) == []


def test_each_event_names_the_row_that_tells_it():
    things = {
        TICKETS: [TICKET],
        CHANGES: [change(0, "status", "new"), change(5, "status", "solved")],
        COMMENTS: [comment(0, ANN), comment(1, AGENT)],
        USERS: STAFF,
    }
    found = ticket_events(objects(things)).select("kind", "file", "row").collect()
    assert sorted(found.rows()) == [
        ("opened", "tickets", 1),
        ("replied", "comments", 2),
        ("resolved", "changes", 2),
    ]


def test_history_of_a_ticket_that_is_nowhere_else_still_tells_its_events():
    found = ticket_events(objects({CHANGES: [change(1, "status", "solved")]})).collect()
    assert found.select("kind", "requester_id", "hours").rows() == [("resolved", None, None)]


AT = st.integers(0, 6)
VALUES = st.one_of(
    st.tuples(
        st.just("status"), st.sampled_from(["new", "open", "solved", "closed", "deleted", None])
    ),
    st.tuples(st.just("priority"), st.sampled_from(["low", "normal", "urgent", "odd", None])),
    st.tuples(st.just("requester_id"), st.sampled_from(["11", "12", None])),
    st.tuples(st.just("satisfaction_score"), st.sampled_from(["offered", "good", "bad"])),
)
# As in Zendesk, a field is set once at a moment.
HISTORY = st.lists(
    st.tuples(st.integers(1, 3), AT, VALUES), max_size=14, unique_by=lambda c: (c[0], c[1], c[2][0])
)
WRITTEN = st.lists(
    st.tuples(
        st.integers(1, 3),
        AT,
        st.sampled_from([ANN, BOB, AGENT, None]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
)
STATES = st.lists(
    st.tuples(st.sampled_from(["open", "solved", "deleted"]), st.sampled_from([ANN, AGENT])),
    min_size=2,
    max_size=2,
)


@given(HISTORY, WRITTEN, STATES, st.integers(1, 3))
def test_events_are_those_of_going_through_each_ticket_by_hand(
    history: list[Any], written: list[Any], states: list[Any], buckets: int
):
    things = {
        TICKETS: [
            TICKET | {"ticket_id": n, "status": status, "submitter_id": by, "updated_at": hour(4)}
            for n, (status, by) in enumerate(states, start=1)
        ],
        CHANGES: [
            {"ticket_id": n, "at": hour(at), "field": field, "value": value}
            for n, at, (field, value) in history
        ],
        COMMENTS: [
            {"ticket_id": n, "at": hour(at), "user_id": user_id, "is_public": a, "is_automatic": b}
            for n, at, user_id, a, b in written
        ],
        USERS: STAFF,
    }
    made = objects(things)
    parts = [ticket_events(made, part, buckets) for part in range(buckets)]
    columns = ["ticket_id", "happened_at", "kind", "priority", "requester_id", "hours", "score"]
    found = pl.concat(parts).select(columns).collect().rows()
    assert sorted(found, key=repr) == sorted(by_hand(made), key=repr)


def by_hand(made: Objects) -> list[tuple[Any, ...]]:
    """The same by plain loops over one ticket after the other."""
    rows = {kind: made.of(kind).collect().to_dicts() for kind in (TICKETS, CHANGES, COMMENTS)}
    tickets = {ticket["ticket_id"]: ticket for ticket in rows[TICKETS]}
    happened: dict[int, list[tuple[datetime, int, str, Any]]] = defaultdict(list)
    for row in rows[CHANGES]:
        if row["field"] == "status" and row["value"] is None:
            continue  # no status was ever emptied
        step = {"status": 3, "satisfaction_score": 4}.get(row["field"], 0)
        happened[row["ticket_id"]].append((row["at"], step, row["field"], row["value"]))
    for number, ticket in tickets.items():
        happened[number].append((ticket["created_at"], 1, "opened", None))
        if ticket["status"] != "open":
            happened[number].append((ticket["updated_at"], 5, "status", ticket["status"]))
        own = [row for row in rows[COMMENTS] if row["ticket_id"] == number]
        if reply := reply_by_hand(ticket, own):
            happened[number].append((reply[0], 2, "replied", reply[1]))
    return [
        event
        for number, steps in happened.items()
        for event in events_by_hand(number, sorted(steps, key=lambda s: s[:2]), tickets.get(number))
    ]


def reply_by_hand(ticket: Any, comments: list[Any]) -> tuple[datetime, float] | None:
    public = [row for row in comments if row["is_public"] and not row["is_automatic"]]
    waits_from = ticket["created_at"]
    if ticket["submitter_id"] == AGENT:
        theirs = [row["at"] for row in public if row["user_id"] != AGENT]
        if not theirs:
            return None
        waits_from = min(theirs)
    at = [row["at"] for row in public if row["user_id"] == AGENT and row["at"] > waits_from]
    return (min(at), (min(at) - waits_from).total_seconds() / 3600) if at else None


def events_by_hand(number: int, steps: list[Any], ticket: Any) -> Iterable[tuple[Any, ...]]:
    ranks = {"low": 1, "normal": 2, "high": 3, "urgent": 4}
    status, priority, rank, score = "", None, 0, 0
    requester = None
    for at, step, what, value in steps:
        kind, hours, rated = None, None, None
        if what == "requester_id":
            requester = value and int(value)
        elif what == "priority":
            new = ranks.get(value, 0)
            kind = "escalated" if new > rank > 0 else None
            priority, rank = value, new or rank
        elif what in {"opened", "replied"}:
            kind, hours = what, value
        elif what == "satisfaction_score":
            new = {"good": 5, "bad": 1}.get(value, 0)
            if new and new != score:
                kind, rated, score = "rated", float(new), new
        elif value in {"solved", "closed", "deleted"}:
            if status not in {"solved", "closed", "deleted"}:
                kind = "deleted" if value == "deleted" else "resolved"
                since = (at - ticket["created_at"]).total_seconds() / 3600 if ticket else -1
                hours = since if kind == "resolved" and step == 3 and since >= 0 else None
            status = value
        else:
            kind = "reopened" if status in {"solved", "closed"} else None
            status = value
        if kind:
            asked = requester or (ticket and ticket["requester_id"])
            yield number, at, kind, priority, asked, hours, rated
