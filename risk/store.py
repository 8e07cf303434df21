"""Where the risk table and what stands around it are kept, by URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from risk import sqlite
from risk.queries import NoNight


@contextmanager
def reading(url: str) -> Iterator[sa.Connection]:
    """A transaction that sees one moment, waits for nobody and can change nothing.

    Raises:
        NoNight: Nothing has ever been written there.
        ValueError: ``url`` names no store.
    """
    file = sqlite.database_file(url)
    if not file.exists():
        raise NoNight(f"nothing has been published at {url}: {file} does not exist")
    with sqlite.reading(file) as connection:
        yield connection


@contextmanager
def writing(url: str, *, durable: bool = False) -> Iterator[sa.Connection]:
    """A transaction that happens whole or, after an error or a kill, not at all.

    Args:
        url: Where to; made where absent.
        durable: Whether not even a power cut may take it back, as of what people wrote.

    Raises:
        ValueError: ``url`` names no store.
    """
    with sqlite.writing(sqlite.database_file(url), durable=durable) as connection:
        yield connection
