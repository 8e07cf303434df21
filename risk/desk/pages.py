"""The pages that are read: today's list, one subscriber, the lead's overview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from starlette.responses import RedirectResponse, Response

from perdura.risk.desk import accounts, todays
from perdura.risk.desk.desk import HEADERS, PROBLEM, Visit, sentence_case
from perdura.risk.desk.messages import CAUSES
from perdura.risk.desk.overview import LATELY, overview
from perdura.risk.desk.person import Person, can_undo, person_of
from perdura.risk.desk.sentence import in_short
from perdura.risk.desk.time_line import letter
from perdura.risk.money import totals
from perdura.risk.night import Night, freshness_of
from perdura.risk.query.cursors import is_text
from perdura.risk.query.pages import one
from perdura.risk.query.queries import published_night
from perdura.risk.records.audit import named
from perdura.risk.records.contacts import LONGEST_NAME, LONGEST_NOTE
from perdura.risk.records.tokens import undoes
from perdura.risk.schema.contacts import ACTIONS
from perdura.risk.schema.recent import STATES_KNOWN
from perdura.risk.schema.tables import BANDS, INDEXED_RANKS


def today(visit: Visit) -> Response:
    """Whom to call today."""
    asked = visit.request.query_params
    filters = todays.filters_of(asked)
    with visit.desk.reading() as connection:
        night = published_night(connection)
        facts = todays.facts_of(connection, night)
        page, restarted = todays.people(connection, filters, asked.get("after"))
        count, money = todays.totals(connection, filters)
        controls = todays.control_group(connection, filters)
        account = accounts.summary(connection, filters)
        contacts = todays.last_contacts(connection, [row["subscriber_id"] for row in page.rows])
        rows = visit.in_language(connection, night, page.rows)
    visit.desk.note(visit.holder, "list", filters=filters.query, **named(night, page.rows))
    return visit.page(
        "today.html",
        night=night,
        fresh=freshness_of(night, visit.desk.now()),
        facts=facts,
        with_accounts=facts.accounts,
        account=account,
        amounts_of=lambda money: accounts.sums(visit, money),
        actions=_actions(visit, night, facts.actions),
        filters=filters,
        filtered=filters != todays.ListFilters(),
        rows=rows,
        count=count,
        controls=controls,
        money=money,
        contacts=contacts,
        more=page.after,
        restarted=restarted,
        plans=[(plan, visit.locale.plan(plan)) for plan in facts.plans],
        states_named=[(name, visit.locale.named("state", name)) for name in STATES_KNOWN],
        bands=[(name, sentence_case(visit.locale.named("band", name))) for name in BANDS],
        causes=[(name, visit.locale.named("cause", name)) for name in CAUSES],
        countries=[(code, visit.locale.country(code)) for code in facts.countries],
        amounts=lambda money: totals(money, visit.locale.locale),
        most=INDEXED_RANKS if night.rows > INDEXED_RANKS else None,
    )


def _actions(visit: Visit, night: Night, actions: Mapping[str, str]) -> list[tuple[str, str]]:
    """Codes and words of what there is to do, in the reader's language."""
    nobody = {"reasons": [], "currency": None, "moved_by": None}
    return [
        (
            code,
            visit.reworded({**nobody, "action": code, "action_text": text}, night)["action_text"],
        )
        for code, text in actions.items()
    ]


def subscriber(
    visit: Visit, notice: str = "", status: int = 200, done: Mapping[str, str] | None = None
) -> Response:
    """All about one subscriber.

    Args:
        visit: Whose request names the subscriber.
        notice: Why a form did nothing, in words.
        status: Of the answer.
        done: ``logged`` or ``unlogged``, the action; by default as the address says.
    """
    done = {} if notice else done or visit.request.query_params
    who = visit.request.query_params.get("id", "")
    with visit.desk.reading() as connection:
        night = published_night(connection)
        known = 0 < len(who) <= LONGEST_NAME and is_text(who)
        person = person_of(connection, night, who, visit.in_language) if known else None
        facts = todays.facts_of(connection, night)
        others = accounts.others(connection, person.row) if person else 0
    fresh = freshness_of(night, visit.desk.now())
    if person is None:
        logged = _known_action(done.get("logged"))
        about = {
            "night": night,
            "fresh": fresh,
            "with_accounts": facts.accounts,
            "who": who[:100],
            "logged": logged,
        }
        if logged:  # of somebody whom the newest night no longer has
            return visit.page("not_found.html", 200, **about)
        return visit.page("not_found.html", 404, {PROBLEM: "not_found"}, **about)
    visit.desk.note(visit.holder, "subscriber", who)
    return visit.page(
        "subscriber.html",
        status,
        **_told(visit, night, person),
        before=facts.before,
        others=others,
        with_accounts=facts.accounts,
        notice=notice,
        logged=_known_action(done.get("logged")),
        unlogged=_known_action(done.get("unlogged")),
    )


def _known_action(name: str | None) -> str:
    return name if name in ACTIONS else ""


def _told(visit: Visit, night: Night, person: Person) -> dict[str, Any]:
    now, row = visit.desk.now(), person.row
    return {
        "night": night,
        "fresh": freshness_of(night, now),
        "person": person,
        "row": row,
        "sentence": in_short(row, visit.locale, row["reasons_in"]),
        "letter": letter,
        "account_query": todays.of_account(row["account"] or "").query,
        "actions": ACTIONS,
        "contact_id": str(uuid4()),
        "can_undo": lambda contact: can_undo(contact, now, undoes(visit.holder)),
        "longest_note": LONGEST_NOTE,
    }


def find(visit: Visit) -> Response:
    """To the subscriber of an id that was typed in."""
    who = _typed(visit, visit.request.query_params.get("id", ""))
    to = "/desk/subscriber?" + urlencode({"id": who[: LONGEST_NAME + 1]}) if who else "/desk"
    return RedirectResponse(to, 303, HEADERS)


def _typed(visit: Visit, who: str) -> str:
    """The id as it was typed if there is such a subscriber, else without outer spaces."""
    if who == who.strip() or len(who) > LONGEST_NAME or not is_text(who):
        return who.strip()
    with visit.desk.reading() as connection:
        return who if one(connection, who) else who.strip()


def lead(visit: Visit) -> Response:
    """Money at risk, what was done, and what came of it."""
    now = visit.desk.now()
    with visit.desk.reading() as connection:
        night = published_night(connection)
        told = overview(connection, night, now)
        with_accounts = todays.facts_of(connection, night).accounts
    visit.desk.note(visit.holder, "overview")
    return visit.page(
        "lead.html",
        night=night,
        fresh=freshness_of(night, now),
        told=told,
        with_accounts=with_accounts,
        level=lambda code: lambda amount: visit.locale.short_money(round(amount), code),
        by_currency=lambda code: lambda amount: visit.locale.money(round(amount), code),
        lately=LATELY.days,
    )
