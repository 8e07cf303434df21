"""Answers of one night: as JSON, with how fresh it is, and a tag that stays until it changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from perdura.risk.night import Night, freshness_of, midnight


class Json(Response):
    """JSON as the table has it: dates by ISO 8601, dataclasses as objects."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The content, in UTF-8."""
        return json.dumps(
            content, default=plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()


def plain(value: Any) -> Any:
    """A value that JSON has no form for: moments and dates by ISO 8601, dataclasses as objects."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def freshness(night: Night, now: datetime | None = None) -> dict[str, Any]:
    """The field ``freshness`` of answers, of the newest night."""
    found = freshness_of(night, now or datetime.now(UTC))
    return {
        "as_of": midnight(night.scored_on),
        "valid_until": night.valid_until,
        "age_seconds": int(found.age.total_seconds()),
        "stale": found.stale,
        "degraded": list(found.degraded),
        "trial": found.trial,
        "horizon_days": night.horizon_days,
        "states_as_of": night.states_as_of,
        "published_at": night.published_at,
    }


def freshness_headers(night: Night) -> dict[str, str]:
    """The same as headers."""
    fields = freshness(night)
    return {
        "Perdura-As-Of": plain(fields["as_of"]),
        "Perdura-Age": str(fields["age_seconds"]),
        "Perdura-Stale": str(fields["stale"]).lower(),
        "Perdura-Degraded": ", ".join(fields["degraded"]).encode("ascii", "replace").decode(),
        "Perdura-Trial": str(fields["trial"]).lower(),
    }


def answer(night: Night, content: Mapping[str, Any], tag: str) -> Json:
    """The content, and how fresh it is: as a field and as headers."""
    headers = freshness_headers(night) | {"ETag": tag}
    return Json({**content, "freshness": freshness(night)}, headers=headers)


def tag_of(request: Request, night: Night, *more: object) -> str:
    """The same as long as the same question has the same answer, but for its age."""
    stale = freshness(night)["stale"]
    question = (request.url.path, request.url.query, request.headers.get("accept-language"))
    parts = (night.fingerprint, night.published_at, night.states_as_of, stale, *question, *more)
    return f'W/"{night.scored_on}-{sha256(repr(parts).encode()).hexdigest()[:16]}"'


def known_already(request: Request, night: Night, tag: str) -> Response | None:
    """304 without a body, where the client has this answer already."""
    held = request.headers.get("if-none-match", "")
    if tag not in (one.strip() for one in held.split(",")) and held.strip() != "*":
        return None
    return Response(status_code=304, headers=freshness_headers(night) | {"ETag": tag})
