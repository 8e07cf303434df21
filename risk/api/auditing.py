"""Fills the audit after the answers, in batches, by one thread of its own.

So reading never waits for a writer, not even while a night is being published, which holds SQLite's
only lock. An entry waits about a second, and as long as others write. Where it can never be written
(a read-only mount, a role without the right), no read is answered until it can.
"""

from __future__ import annotations

import logging
from queue import Empty, SimpleQueue
from sqlite3 import OperationalError
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

from sqlalchemy import exc

from perdura.risk.errors import NoNight
from perdura.risk.records.audit import AuditEntry, write
from perdura.risk.records.audit_refusal import Refusal, prove_writable, refusal_of
from perdura.risk.records.audited_reads import keep_aside, take_over
from perdura.risk.records.tokens import Holder
from perdura.risk.store.connect import reading, writing

_LOG = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0
_AT_A_TIME = 5_000
_LAST_TRIES = 5
#: Entries that wait at most for a database that does not take them.
_MOST_WAITING = 100_000
#: Seconds until the log says again what it has said.
_SAID_AGAIN = 300.0
_FAILURES = (exc.SQLAlchemyError, OperationalError, NoNight, OSError)


class Audit:
    """Takes entries at once and writes them soon. As a context, it writes the last at its end."""

    def __init__(self, url: str, *, every: float = _EVERY_SECONDS) -> None:
        self._url, self._every = url, every
        self._waiting: SimpleQueue[AuditEntry] = SimpleQueue()
        self._held: list[AuditEntry] = []
        self._refusal: Refusal | None = None
        self._said, self._said_at = "", 0.0
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
        return self._count() >= _MOST_WAITING

    @property
    def refusal(self) -> Refusal | None:
        """Why entries can never be written, as far as is known: then no read is allowed."""
        return self._refusal

    def check(self) -> None:
        """Find out whether entries can be written at all, and log what to do where they cannot."""
        try:
            prove_writable(self._url)
        except _FAILURES as error:
            if refusal := refusal_of(self._url, error):
                self._refuse(refusal)

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
            if self._flush() or not self._count():
                return
            sleep(self._every)
        _LOG.error(
            "%d entries of the audit are lost: the database did not take them", self._count()
        )

    def _count(self) -> int:
        return len(self._held) + self._waiting.qsize()

    def _flush(self) -> bool:
        """Write all that waits; false where the database did not take it: it waits on.

        Reads of other programs that were put aside are taken over, too.
        """
        try:
            if self._refusal:
                prove_writable(self._url)
            while self._gather():
                self._write()
            take_over(self._url)
        except _FAILURES as error:
            if refusal := refusal_of(self._url, error):
                self._refuse(refusal)
            elif not self._refusal:
                self._say(
                    f"the audit waits for its database ({_words(error)}); reads go on and are "
                    f"written once it is back, {_MOST_WAITING:,} at most"
                )
            return False
        self._refusal = None
        if self._said:
            self._said = ""
            _LOG.warning("the audit is written again")
        return True

    def _write(self) -> None:
        """Write what is held; beside SQLite's file where that cannot be written."""
        try:
            with reading(self._url):  # without a database, writing would make an empty one
                pass
            with writing(self._url) as connection:
                write(connection, self._held)
        except _FAILURES as error:
            if isinstance(error, NoNight) or not keep_aside(self._url, self._held):
                raise
        self._held = []

    def _refuse(self, refusal: Refusal) -> None:
        self._refusal = refusal
        self._say(
            f"no read is answered: each is recorded in the audit, and {refusal.why}; {refusal.todo}"
        )

    def _say(self, words: str) -> None:
        """Log it, unless it was the last that was logged, a few minutes ago at most."""
        if words != self._said or monotonic() > self._said_at + _SAID_AGAIN:
            self._said, self._said_at = words, monotonic()
            _LOG.warning("%s", words)

    def _gather(self) -> list[AuditEntry]:
        """The entries of one batch; those that could not be written come first."""
        while len(self._held) < _AT_A_TIME:
            try:
                self._held.append(self._waiting.get_nowait())
            except Empty:
                break
        return self._held


def _words(error: BaseException) -> str:
    """What is wrong, as far as it may stand in a log: SQLite's words name no subscriber."""
    cause = getattr(error, "orig", error)
    if isinstance(cause, OperationalError | ConnectionError):
        return str(cause)
    return type(cause).__name__
