"""Fills the audit after the answers, in batches, by one thread of its own.

So reading never waits for a writer, not even while a night is being published, which holds SQLite's
only lock. An entry waits about a second, and as long as others write.
"""

from __future__ import annotations

import logging
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import sleep
from typing import Any

from sqlalchemy import exc

from perdura.risk.errors import NoNight
from perdura.risk.records.audit import AuditEntry, write
from perdura.risk.records.audited_reads import take_over
from perdura.risk.records.tokens import Holder
from perdura.risk.store.connect import reading, writing

_LOG = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0
_AT_A_TIME = 5_000
_LAST_TRIES = 5
#: Entries that wait at most for a database that does not take them.
_MOST_WAITING = 100_000


class Audit:
    """Takes entries at once and writes them soon. As a context, it writes the last at its end."""

    def __init__(self, url: str, *, every: float = _EVERY_SECONDS) -> None:
        self._url, self._every = url, every
        self._waiting: SimpleQueue[AuditEntry] = SimpleQueue()
        self._held: list[AuditEntry] = []
        self._ending = Event()
        self._writer = Thread(target=self._write_until_ended, name="audit", daemon=True)

    def note(
        self, holder: Holder, what: str, subscriber_id: str | None = None, **detail: Any
    ) -> None:
        """Take one entry, without waiting."""
        self._waiting.put(
            AuditEntry(
                token_id=holder.token_id,
                token_name=holder.name,
                what=what,
                subscriber_id=subscriber_id,
                detail=detail,
            )
        )

    @property
    def full(self) -> bool:
        """Whether too many entries wait: then no read is allowed, as it would not be audited."""
        return self._waiting.qsize() >= _MOST_WAITING

    def __enter__(self) -> Audit:
        self._writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._writer.join()

    def _write_until_ended(self) -> None:
        while not self._ending.wait(self._every):
            self._flush()
        for _ in range(_LAST_TRIES):
            if self._flush():
                return
            sleep(self._every)
        lost = len(self._held) + self._waiting.qsize()
        _LOG.error("%d entries of the audit are lost: the database did not take them", lost)

    def _flush(self) -> bool:
        """Write all that waits; false where the database did not take it: it waits on.

        Reads of other programs that were put aside are taken over, too.
        """
        try:
            while self._gather():
                with reading(self._url):  # without a database, writing would make an empty one
                    pass
                with writing(self._url) as connection:
                    write(connection, self._held)
                self._held = []
            take_over(self._url)
        except (exc.SQLAlchemyError, NoNight, OSError) as error:
            _LOG.warning("the audit waits for its database: %s", type(error).__name__)
            return False
        return True

    def _gather(self) -> list[AuditEntry]:
        """The entries of one batch; those that could not be written come first."""
        while len(self._held) < _AT_A_TIME:
            try:
                self._held.append(self._waiting.get_nowait())
            except Empty:
                break
        return self._held
