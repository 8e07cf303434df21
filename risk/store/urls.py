"""Addresses of stores, as they may be shown."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

_SECRETS = ("password", "sslpassword")


def shown(url: str) -> str:
    """The URL without what is secret in it."""
    try:
        parts = sa.make_url(url)
    except ArgumentError:
        return "a text that is no URL"
    hidden = {name: "***" for name in parts.query if name in _SECRETS}
    return parts.update_query_dict(hidden).render_as_string(hide_password=True)
