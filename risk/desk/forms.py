"""The forms that are sent: signing in and out, logging a contact, taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from perdura.risk.desk import session
from perdura.risk.desk.desk import HEADERS, Desk, Visit, is_part, page
from perdura.risk.desk.pages import subscriber
from perdura.risk.errors import NoNight
from perdura.risk.records.contacts import (
    LONGEST_NOTE,
    BadContact,
    HeldOut,
    NoContact,
    NoSubscriber,
    NotYours,
    OtherContact,
    RefusedContact,
)
from perdura.risk.records.contacts import log_contact as write
from perdura.risk.records.contacts import undo_contact as take_back
from perdura.risk.records.tokens import holder_of, undoes
from perdura.risk.store.connect import writing

Form = Mapping[str, Any]


def sign_in_page(
    request: Request, problem: str = "", status: int = 200, to: str | None = None
) -> Response:
    """The form for the token; ``to`` is the page to open afterwards."""
    return page(
        request,
        "sign_in.html",
        status,
        problem=problem,
        hours=session.HOURS,
        to=session.own_page(to or request.query_params.get("to", "/desk"), session.base(request)),
        left="left" in request.query_params,
    )


def sign_in(desk: Desk, request: Request, form: Form) -> Response:
    """Let the browser keep a token that may read."""
    token, to = (
        text(form, "token").strip(),
        session.own_page(text(form, "to"), session.base(request)),
    )
    try:
        with desk.reading() as connection:
            holder = holder_of(connection, token)
    except NoNight:
        holder = None
    if holder is None:
        return sign_in_page(request, "wrong_token", 401, to)
    if "read" not in holder.scopes:
        return sign_in_page(request, "no_scope", 403, to)
    response = RedirectResponse(to, 303, HEADERS)
    session.keep(response, request, token)
    return response


def sign_out() -> Response:
    """Let the browser forget the token."""
    response = RedirectResponse("/desk/sign-in?left", 303, HEADERS)
    session.forget(response)
    return response


def log_contact(visit: Visit, form: Form) -> Response:
    """Write a contact, and go back to the subscriber."""
    subscriber_id, action = visit.request.query_params.get("id", ""), text(form, "action")
    reason = text(form, "reason").replace("\r\n", "\n").strip() or None
    with writing(visit.desk.url, durable=True) as connection:
        written = write(
            connection,
            contact_id=text(form, "contact_id"),
            subscriber_id=subscriber_id,
            action=action,
            by=visit.holder.name,
            note=text(form, "note").replace("\r\n", "\n").strip() or None,
            force=bool(reason),
            reason=None if action == "left_alone" else reason,
        )
    visit.desk.note(visit.holder, "contact", subscriber_id, action=action, forced=written.forced)
    return _back(visit, subscriber_id, logged=action)


def undo_contact(visit: Visit, form: Form) -> Response:
    """Take a contact back, and go back to the subscriber."""
    with writing(visit.desk.url, durable=True) as connection:
        undone = take_back(connection, text(form, "contact_id"), by=undoes(visit.holder))
    visit.desk.note(visit.holder, "undo", undone.subscriber_id, action=undone.action)
    return _back(visit, undone.subscriber_id, unlogged=undone.action)


def problem_of(error: Exception, visit: Visit) -> tuple[str, int]:
    """What went wrong with a form, in words, and the status of the answer."""
    # The page of an id that is in no night says it itself.
    if isinstance(error, NoSubscriber):
        return "", 404
    name, status = next(_REFUSALS[kind] for kind in type(error).__mro__ if kind in _REFUSALS)
    return visit.locale.named("refused", name, n=visit.locale.number(LONGEST_NOTE)), status


_REFUSALS: dict[type, tuple[str, int]] = {
    BadContact: ("bad_note", 400),
    HeldOut: ("control", 409),
    NoContact: ("no_contact", 404),
    NotYours: ("not_yours", 403),
    OtherContact: ("logged_already", 409),
    RefusedContact: ("too_late", 409),
}
#: What a form may raise that is the sender's to mend.
PROBLEMS = (BadContact, NoContact, NoSubscriber, RefusedContact)


def text(form: Form, name: str) -> str:
    """A field of a form, if it is text."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _back(visit: Visit, subscriber_id: str, **done: str) -> Response:
    """The subscriber's page: at once for a script, since a second request could fail."""
    if is_part(visit.request):
        return subscriber(visit, done=done)
    to = "/desk/subscriber?" + urlencode({"id": subscriber_id, **done}) + "#done"
    return RedirectResponse(to, 303, HEADERS)
