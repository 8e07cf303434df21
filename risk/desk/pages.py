"""The pages that are read: today's list, one subscriber, the lead's overview."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from starlette.responses import RedirectResponse, Response

from perdura.risk.desk import accounts, todays
from perdura.risk.desk.desk import HEADERS, PROBLEM, Visit
from perdura.risk.desk.filter_problems import unapplied, unmatched
from perdura.risk.desk.list_filters import filters_of, of_account, page_filters
from perdura.risk.desk.list_form import list_form
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
from perdura.risk.records.contacts import LONGEST_NAME, LONGEST_NOTE, Contact
from perdura.risk.records.tokens import undoes
from perdura.risk.schema.contacts import ACTIONS
from perdura.risk.schema.tables import INDEXED_RANKS


def today(visit: Visit) -> Response:
    """Today's list: the subscribers to call."""
    parameters = visit.request.query_params
    filters = filters_of(parameters)
    with visit.desk.reading() as connection:
        night = published_night(connection)
        facts = todays.facts_of(connection, night)
        page, restarted = todays.page_of_list(connection, filters, parameters.get("after"))
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
        amounts_of=partial(accounts.sums, visit),
        filters=filters,
        form=list(list_form(visit, night, facts, filters)),
        filtered=filters != page_filters(),
        rows=rows,
        count=count,
        controls=controls,
        money=money,
        contacts=contacts,
        more=page.after,
        restarted=restarted,
        unapplied=[
            *unapplied(parameters.multi_items(), visit.locale),
            *unmatched(filters, facts.values, visit.locale),
        ],
        amounts=partial(totals, language=visit.locale.locale),
        most=INDEXED_RANKS if night.rows > INDEXED_RANKS else None,
    )


def subscriber(
    visit: Visit, notice: str = "", status: int = 200, done: Mapping[str, str] | None = None
) -> Response:
    """All about one subscriber.

    Args:
        visit: Its request names the subscriber.
        notice: Why a form did nothing, in words.
        status: Of the answer.
        done: ``logged`` or ``unlogged``, the action; by default as the address says.
    """
    done = {} if notice else done or visit.request.query_params
    subscriber_id = visit.request.query_params.get("id", "")
    with visit.desk.reading() as connection:
        night = published_night(connection)
        known = 0 < len(subscriber_id) <= LONGEST_NAME and is_text(subscriber_id)
        person = person_of(connection, night, subscriber_id, visit.in_language) if known else None
        facts = todays.facts_of(connection, night)
        others = accounts.others(connection, person.row) if person else 0
    fresh = freshness_of(night, visit.desk.now())
    if person is None:
        logged = _known_action(done.get("logged"))
        about: dict[str, Any] = {
            "night": night,
            "fresh": fresh,
            "with_accounts": facts.accounts,
            "who": subscriber_id[:100],
            "logged": logged,
        }
        if logged:  # of a subscriber that the newest night no longer has
            return visit.page("not_found.html", 200, **about)
        return visit.page("not_found.html", 404, {PROBLEM: "not_found"}, **about)
    visit.desk.note(visit.holder, "subscriber", subscriber_id)
    return visit.page(
        "subscriber.html",
        status,
        **_shown(visit, night, person),
        before=facts.before,
        others=others,
        with_accounts=facts.accounts,
        notice=notice,
        logged=_known_action(done.get("logged")),
        unlogged=_known_action(done.get("unlogged")),
    )


def _known_action(name: str | None) -> str:
    return name if name in ACTIONS else ""


def _shown(visit: Visit, night: Night, person: Person) -> dict[str, Any]:
    now, row = visit.desk.now(), person.row

    def undoable(contact: Contact) -> bool:
        return can_undo(contact, now, undoes(visit.holder))

    return {
        "night": night,
        "fresh": freshness_of(night, now),
        "person": person,
        "row": row,
        "sentence": in_short(row, visit.locale, row["reasons_in"]),
        "letter": letter,
        "account_query": of_account(row["account"] or "").query,
        "actions": ACTIONS,
        "contact_id": str(uuid4()),
        "can_undo": undoable,
        "longest_note": LONGEST_NOTE,
    }


def find(visit: Visit) -> Response:
    """To the subscriber of an id that was typed in; outer spaces go unless the id has them."""
    typed = visit.request.query_params.get("id", "")
    found = typed.strip()
    if found != typed and len(typed) <= LONGEST_NAME and is_text(typed):
        with visit.desk.reading() as connection:
            found = typed if one(connection, typed) else found
    to = "/desk/subscriber?" + urlencode({"id": found[: LONGEST_NAME + 1]}) if found else "/desk"
    return RedirectResponse(to, 303, HEADERS)


def lead(visit: Visit) -> Response:
    """Money at risk, the contacts made, and their results."""
    now, locale = visit.desk.now(), visit.locale
    with visit.desk.reading() as connection:
        night = published_night(connection)
        shown = overview(connection, night, now)
        with_accounts = todays.facts_of(connection, night).accounts
    visit.desk.note(visit.holder, "overview")

    def short_money(code: str) -> Callable[[float], str]:
        return lambda amount: locale.short_money(round(amount), code)

    def money(code: str) -> Callable[[float], str]:
        return lambda amount: locale.money(round(amount), code)

    return visit.page(
        "lead.html",
        night=night,
        fresh=freshness_of(night, now),
        shown=shown,
        with_accounts=with_accounts,
        level=short_money,
        by_currency=money,
        lately=LATELY.days,
    )
