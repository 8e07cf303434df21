"""Stripe as a connector: an export folder in, frames in Stripe's words out."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Self

import polars as pl
from pydantic import Field, model_validator

from perdura.http_calls import RequestPace
from perdura.sources.connectors.connection import Connection, Options
from perdura.sources.connectors.connector import Connector, Frame, NotAsNeeded, Unavailable
from perdura.sources.connectors.stripe.api.account import (
    CALLS_PER_MINUTE,
    URL,
    LiveAccount,
    read_key,
)
from perdura.sources.connectors.stripe.frames import NEEDS, Frames
from perdura.sources.connectors.stripe.json_text.arrays import has_more
from perdura.sources.connectors.stripe.needed import renamed_amounts, renamed_keys
from perdura.sources.connectors.stripe.notes import notes_on
from perdura.sources.connectors.stripe.raw import ENDINGS, MISNAMED, STEMS, kinds_in, read
from perdura.sources.connectors.unread import unread_note
from perdura.sources.staged import BROKEN_ROWS

#: Kinds that add to what others say: without them frames say less, and nothing else.
_MORE = frozenset({"events", "subscription_schedules"})
#: The kind of objects of which a frame counts broken lines, if that is not its name. Of plans it is
#: none: they are made of subscriptions, which count their own, as accounts are of customers.
_READ_FROM = {"changes": "events", "plans": "", "accounts": ""}


class StripeOptions(Options):
    """The keys of ``[connect.stripe]``: a folder, or the key of an account.

    Attributes:
        folder: Where the export lies.
        key: The environment variable that holds a key which may read: ``$STRIPE_API_KEY``.
        test_mode: Whether objects of test mode are taken for live ones.
        url: With a key: where the API is.
        calls_per_minute: With a key: how often the API is asked.
        metadata: Keys of metadata that become columns ``metadata_<key>`` of customers and
            subscriptions.
        account: The key of metadata that says to which company a customer belongs, where several
            do: ``"organization_id"``.
    """

    folder: str | None = None
    key: str | None = None
    test_mode: bool = False
    url: str = URL
    calls_per_minute: float = Field(default=CALLS_PER_MINUTE, gt=0)
    metadata: tuple[str, ...] = ()
    account: str | None = None

    @property
    def kept(self) -> tuple[str, ...]:
        """The keys of metadata that are read."""
        return (*dict.fromkeys((*self.metadata, *([self.account] if self.account else []))),)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.folder is None) == (self.key is None):
            raise ValueError(
                "write folder = '...' for exports, or key = '$STRIPE_API_KEY' for the API"
            )
        return self


def connect(connection: Connection) -> Connector:
    """The connector of a section."""
    options = connection.read_options(StripeOptions)
    if options.folder is not None:
        folder = connection.folder(options.folder)
        return _Export(connection, folder, options, connection.shown)
    key = read_key(connection, options.key or "", test_mode=options.test_mode)
    pace = RequestPace(options.calls_per_minute)
    account = LiveAccount(
        connection, key, options.url, options.test_mode, options.kept, pace
    )  # fmt: skip
    return _Api(connection, account, options)


@dataclass(frozen=True, slots=True)
class _Api:
    """An account, of which a copy is kept in the connection's store."""

    connection: Connection
    account: LiveAccount
    options: StripeOptions

    @property
    def frames(self) -> Collection[str]:
        return tuple(NEEDS)

    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame | Unavailable]:
        needs = {name: NEEDS[name] for name in NEEDS if name in self.connection.wanted}
        fetched = self.account.fetch({*chain(*needs.values())})
        frames: dict[str, Frame | Unavailable] = {}
        for name, kinds in needs.items():
            lacking = [str(fetched.refused[kind]) for kind in kinds
                       if kind in fetched.refused and kind not in _MORE]  # fmt: skip
            if lacking:
                frames[name] = Unavailable("; ".join(dict.fromkeys(lacking)))
        if rest := needs.keys() - frames.keys():
            connection = replace(self.connection, wanted=frozenset(rest))
            folder = connection.store
            export = _Export(connection, folder, self.options, lambda file: file.name)
            found = export.exported()
            less = (str(fetched.refused[kind]) for kind in sorted(fetched.refused.keys() & _MORE))
            frames |= _with_notes(found, [*fetched.notes, *less])
        return frames


def _with_notes(
    found: Mapping[str, Frame | Unavailable], notes: Sequence[str]
) -> dict[str, Frame | Unavailable]:
    """The frames, the first of those that are there with more notes before its own."""
    frames = {name: one for name, one in found.items() if isinstance(one, Frame)}
    first = next(iter(frames.items()), None)
    if first is None:
        return {**found}
    return {**found, first[0]: replace(first[1], notes=(*notes, *first[1].notes))}


@dataclass(frozen=True, slots=True)
class _Export:
    """A folder of JSON lines or of tables."""

    connection: Connection
    folder: Path
    options: StripeOptions
    shown: Callable[[Path], str]

    @property
    def frames(self) -> Collection[str]:
        return tuple(NEEDS)

    def fetch(self, since: datetime | None, until: datetime) -> Mapping[str, Frame | Unavailable]:
        found = self.exported()
        notes = [*self._incomplete()]
        found = _with_notes(found, notes)
        more = "".join(f"; {note}" for note in notes)
        lacking = (name for name in NEEDS if name in self.connection.wanted - found.keys())
        return {**found, **{name: Unavailable(f"{self._lacks(name)}{more}") for name in lacking}}

    def _live(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The rows, with objects of test mode as live ones where the section says so."""
        if not self.options.test_mode or "livemode" not in rows.collect_schema():
            return rows
        return rows.with_columns(livemode=pl.lit("true"))

    def _lacks(self, name: str) -> str:
        return (
            f"stripe gives no {name!r}: no file of {NEEDS[name][0]} is in {self.shown(self.folder)}"
        )

    def _incomplete(self) -> Iterator[str]:
        """What lies in the folder and is not read, and pages of lists that go on."""
        paths = [*chain(*kinds_in(self.folder)[0].values())]
        if note := unread_note(self.folder, paths, "JSON lines", ENDINGS, MISNAMED):
            yield note
        pages = [path.name for path in paths if path.suffix.lower() == ".json" and has_more(path)]
        if pages:
            yield f"{', '.join(pages)} is a page of a list that has more; export all pages of it"

    def exported(self) -> dict[str, Frame | Unavailable]:
        """The frames that the files give; ``Unavailable`` where keys that one needs were renamed.

        Raises:
            Unavailable: No file is known.
        """
        files, _ = kinds_in(self.folder)
        if not files:
            note = unread_note(self.folder, [], "JSON lines", ENDINGS, MISNAMED)
            there = f"; {note}" if note else ""
            raise Unavailable(
                f"no export of Stripe in {self.folder}: it needs files such as "
                "subscriptions.jsonl, invoices.jsonl and charges.jsonl (or .csv, .parquet)"
                f"{there}; known are "
                f"{', '.join(sorted(stem for stems in STEMS.values() for stem in stems))}"
            )
        wanted = [name for name in NEEDS if name in self.connection.wanted]
        needed = frozenset(kind for name in wanted for kind in NEEDS[name])
        shown = {path: self.shown(path) for paths in files.values() for path in paths}
        raw = read(self.folder, self.connection.scratch, shown, needed)
        frames = Frames(raw, self.options.metadata, self.options.account)
        found: dict[str, Frame | Unavailable] = {}
        none = pl.DataFrame(schema=BROKEN_ROWS)
        for name in wanted:
            if NEEDS[name][0] not in files:
                continue
            if renamed := self._renamed(name, files, shown):
                found[name] = NotAsNeeded(renamed)
            else:
                broken = raw.broken.get(_READ_FROM.get(name, name), none)
                found[name] = Frame(self._live(frames.rows(name)), broken, notes_on(name, frames))
        return found

    def _renamed(
        self, name: str, files: Mapping[str, list[Path]], shown: Mapping[Path, str]
    ) -> str:
        """What to say of keys that a frame needs and that a file's objects do not have."""
        own = NEEDS[name][0]
        kinds = (own, "events") if name == "changes" else (own,)
        said = [
            renamed_keys(kind, path, shown[path]) for kind in kinds for path in files.get(kind, ())
        ]
        if name == "plans":
            said += [renamed_amounts(path, shown[path]) for path in files[own]]
        return " ".join(words for words in said if words)
