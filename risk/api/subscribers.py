"""Routes of one subscriber: what is known of them, and what support did."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import sqlalchemy as sa
from anyio import to_thread
from fastapi import APIRouter, Body, Request
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.responses import Response

from perdura.risk.api.access import Contacter, Reader
from perdura.risk.api.answers import (
    Json,
    answer,
    freshness,
    freshness_headers,
    known_already,
    tag_of,
)
from perdura.risk.api.app_state import ApiState, api_state
from perdura.risk.api.problems import Problem
from perdura.risk.api.requests import ContactId, ContactRequest, SubscriberId
from perdura.risk.api.shapes import (
    CONTACT,
    EVENT,
    EXAMPLE,
    FRESHNESS,
    HISTORY_EXAMPLE,
    Logged,
    SubscriberDetail,
    documented,
)
from perdura.risk.errors import NoNight
from perdura.risk.night import Night
from perdura.risk.query.pages import events_of, one, over_time
from perdura.risk.query.queries import published_night
from perdura.risk.records.contacts import UNKNOWN, Contact, contacts_of, log_contact, undo_contact
from perdura.risk.records.tokens import undoes
from perdura.risk.store.connect import reading, writing


class _Anything(PathConvertor):
    """A path of any characters: of ids with slashes, and with line breaks too."""

    regex = "(?s:.*)"


register_url_convertor("anything", _Anything())

router = APIRouter(prefix="/v1", tags=["subscribers"])

_DETAIL = {
    "subscriber_id": "sub_0042",
    "now": EXAMPLE,
    "history": [HISTORY_EXAMPLE],
    "events": [EVENT],
    "contacts": [CONTACT],
    "freshness": FRESHNESS,
}
_LOGGABLE = {name: CONTACT[name] for name in ("contact_id", "subscriber_id", "action", "note")}
_LOGGED = {"contact": CONTACT, "known": True, "freshness": FRESHNESS}


@router.get(
    "/subscribers/{subscriber_id:anything}",
    **documented(SubscriberDetail, _DETAIL, 401, 403, 404, 422, 429, 503),
)
def get_subscriber(request: Request, holder: Reader, subscriber_id: SubscriberId) -> Response:
    """One subscriber: risk now and in the last 90 nights, reasons, money, events, contacts.

    `now` is null for a subscriber that earlier nights scored and the newest did not.
    """
    state = api_state(request)
    with state.turn, reading(state.settings.url) as connection:
        night = published_night(connection)
        contacts = contacts_of(connection, subscriber_id)
        events = events_of(connection, subscriber_id)
        now, history = one(connection, subscriber_id), over_time(connection, subscriber_id)
    if not (now or history or contacts):
        # Not in the audit: who was forgotten would be named there again.
        raise Problem(404, UNKNOWN, "check the id")
    state.audit.note(holder, "subscriber", subscriber_id)
    tag = tag_of(request, night, contacts, events)
    content = {
        "subscriber_id": subscriber_id,
        "now": now,
        "history": history,
        "events": events,
        "contacts": contacts,
    }
    return known_already(request, night, tag) or answer(night, content, tag)


@router.post(
    "/contacts", **documented(Logged, _LOGGED, 400, 401, 403, 404, 409, 413, 422, 429, 503)
)
async def log(
    request: Request,
    holder: Contacter,
    body: Annotated[ContactRequest, Body(openapi_examples={"called": {"value": _LOGGABLE}})],
) -> Response:
    """Log what support did. Sent again with the same `contact_id`, it is the same contact.

    A contact about an id that no night of the last 90 has scored is taken, and `known` is false.
    A contact with the control group is refused (409) unless forced with a reason, which is kept.
    When this has answered, the contact is safe.
    """
    state = api_state(request)
    contact, known, night = await _written(
        state, lambda connection: log_contact(connection, by=holder.name, **body.model_dump())
    )
    state.audit.note(holder, "contact", contact.subscriber_id, forced=contact.forced)
    return _logged(contact, night, known=known)


@router.post(
    "/contacts/{contact_id}/undo",
    **documented(Logged, _LOGGED, 400, 401, 403, 404, 409, 422, 429, 503),
)
async def undo(request: Request, holder: Contacter, contact_id: ContactId) -> Response:
    """Undo a contact within an hour; undone already, it stays so.

    Others' contacts take the scope `admin` (403 without).
    """
    state = api_state(request)
    contact, known, night = await _written(
        state, lambda connection: undo_contact(connection, contact_id, by=undoes(holder))
    )
    state.audit.note(holder, "undo", contact.subscriber_id)
    return _logged(contact, night, known=known)


async def _written(
    state: ApiState, write: Callable[[sa.Connection], Contact]
) -> tuple[Contact, bool, Night | None]:
    """The contact once it is safe, whether its subscriber is known, and the newest night.

    By one of few threads.
    """

    def within() -> tuple[Contact, bool, Night | None]:
        with writing(state.settings.url, durable=True) as connection:
            contact = write(connection)
            known = bool(over_time(connection, contact.subscriber_id))
            night = None
            with suppress(NoNight):
                night = published_night(connection)
            return contact, known, night

    return await to_thread.run_sync(within, limiter=state.writers)


def _logged(contact: Contact, night: Night | None, *, known: bool) -> Json:
    content = {"contact": contact, "known": known, "freshness": night and freshness(night)}
    return Json(content, headers=freshness_headers(night) if night else None)
