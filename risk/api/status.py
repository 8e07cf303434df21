"""Routes about the table itself: whether it answers, how fresh it is, and the audit."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from perdura.risk.api.access import Admin, Reader, refuse_unaudited
from perdura.risk.api.answers import Json, answer, freshness, known_already, tag_of
from perdura.risk.api.app_state import api_state
from perdura.risk.api.requests import AuditRequest
from perdura.risk.api.shapes import AUDITED, FRESHNESS, Audits, Fresh, Health, documented
from perdura.risk.errors import NoNight
from perdura.risk.query.queries import published_night
from perdura.risk.records.audit import newest
from perdura.risk.store.connect import reading

router = APIRouter(prefix="/v1", tags=["state"])

_FRESH = {"rows": 48_210, "model_version": "7", "freshness": FRESHNESS}


_HEALTH = {"status": "ok", "stale": False, "age_seconds": 31_500, "no_data": False}


@router.get("/health", **documented(Health, _HEALTH, 503))
def health(request: Request) -> Response:
    """Whether the database answers (503 if not), and whether its newest night is current.

    Takes no token and names no subscriber. Before the first night there is no data: it is stale.
    503 too where the audit cannot be written, as no read is answered then.
    """
    state = api_state(request)
    refuse_unaudited(state)
    with reading(state.settings.url) as connection:
        connection.execute(sa.select(1))
        try:
            found = freshness(published_night(connection))
        except NoNight:
            return Json({"status": "ok", "stale": True, "age_seconds": None, "no_data": True})
    age = {"stale": found["stale"], "age_seconds": found["age_seconds"]}
    return Json({"status": "ok", **age, "no_data": False})


@router.get("/freshness", **documented(Fresh, _FRESH, 401, 403, 429, 503))
def get_freshness(request: Request, _holder: Reader) -> Response:
    """How the newest night stands: as of when, how old, stale or not, which sources were missing.

    Every other answer says it too, in the field `freshness` and in the headers `Perdura-As-Of`,
    `Perdura-Age` (seconds), `Perdura-Stale`, `Perdura-Degraded` and `Perdura-Trial`.
    """
    with reading(api_state(request).settings.url) as connection:
        night = published_night(connection)
    tag = tag_of(request, night)
    content = {"rows": night.rows, "model_version": night.model_version}
    return known_already(request, night, tag) or answer(night, content, tag)


@router.get("/audit", **documented(Audits, {"rows": [AUDITED]}, 401, 403, 422, 429, 503))
def list_audit(
    request: Request, holder: Admin, parameters: Annotated[AuditRequest, Query()]
) -> Response:
    """Every read, export and write about subscribers, newest first. Takes the scope `admin`."""
    state = api_state(request)
    state.audit.note(holder, "audit", parameters.subscriber_id)
    with reading(state.settings.url) as connection:
        rows = newest(connection, subscriber_id=parameters.subscriber_id, top=parameters.size)
    return Json({"rows": rows})
