"""Which key ties a help desk's requesters to the customers who pay: an id, an e-mail, metadata."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from perdura.sources.connectors.connection import ApiSample, Connection
from perdura.sources.connectors.connector import Unavailable
from perdura.sources.connectors.staging import stage
from perdura.sources.guesses.inputs.guessed import Guesses
from perdura.sources.guesses.links import link_of
from perdura.sources.guesses.section import commented, sql_name
from perdura.sources.guesses.toml_text import as_toml
from perdura.sources.staged import StagedFrame

#: Of each help desk a frame with its requesters, and the keys that it has of them.
_DESKS = {
    "zendesk": (
        "ticket_events",
        ("requester_external_id", "organization_external_id", "requester_email"),
    ),
    "intercom": ("conversations", ("external_id", "email")),
}
#: Of each billing system a frame with its customers, and the column that is the subscriber.
_BILLING = {"stripe": ("customers", "customer"), "recurly": ("account_history", "account_id")}
#: Under which names companies write their own ids into a customer's metadata.
_METADATA = (
    "user_id", "customer_id", "account_id", "external_id", "organization_id", "org_id",
    "company_id", "team_id", "workspace_id", "tenant_id", "uid", "id",
)  # fmt: skip
#: Of the requesters at least this share has to be found for a key to be taken.
_LEAST = 0.05
#: Of an API about so many objects of each list are looked at.
_SAMPLED = 1000


@dataclass(frozen=True, slots=True)
class Customers:
    """Those who pay, with everything that may name them.

    Attributes:
        name: Of their vendor.
        keys: How the mapping reads them: a frame, or a file.
        subscriber: The column that is the subscriber.
        rows: The columns that may be keys, as text.
        metadata: Of these the ones that the connector has to be asked for.
    """

    name: str
    keys: Mapping[str, object]
    subscriber: str
    rows: pl.DataFrame
    metadata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """How requesters of a help desk are found among customers.

    Attributes:
        desk: The help desk.
        ours: Its key.
        customers: Among whom they are found.
        theirs: The key there.
        asked: How many different values the help desk has.
        met: How many of them are found.
    """

    desk: str
    ours: str
    customers: Customers
    theirs: str
    asked: int
    met: int

    @property
    def share(self) -> float:
        """Of the requesters the share that is found."""
        return self.met / self.asked if self.asked else 0.0

    @property
    def in_words(self) -> str:
        """How many are found, and by which key."""
        return (
            f"{self.met:,} of {self.asked:,} requesters of {self.desk} are found among the "
            f"customers of {self.customers.name}, by {self.ours} = {self.theirs}"
        )

    @property
    def needs_join(self) -> bool:
        """Whether the key is another one than the subscriber's own id."""
        return self.theirs != self.customers.subscriber

    def applied(self, fragment: str) -> str:
        """The help desk's mapping with its subscriber looked up by the key."""
        header = re.compile(r"^(?=\[\[tickets\]\]$)", re.M)
        applied, *inputs = header.split(fragment)
        said = "\n".join(commented(f"{self.in_words}."))
        own = f'{said}\nsubscriber_id = "{"who_pays" if self.needs_join else self.ours}"'
        for text in inputs:
            body = re.sub(r"^subscriber_id = .*$", own, text, flags=re.M)
            if self.needs_join:
                # Comments at its end are about what follows.
                kept = re.search(r"\n*(?:^#.*\n?|^\n)*\Z", body, re.M)
                end = kept.start() if kept else len(body)
                body = f"{body[:end].rstrip()}\n\n{self._join()}\n{body[end:]}"
            applied += body
        return applied

    def _join(self) -> str:
        known = self.customers.rows[self.theirs].drop_nulls()
        # As people wrote it; vendors' frames have it in small letters.
        is_mail = self.customers.name not in _BILLING and "mail" in self.theirs.lower()
        lines = ["[[tickets.join]]"]
        lines += [f"{key} = {as_toml(value)}" for key, value in self.customers.keys.items()]
        theirs = f"LOWER(TRIM({sql_name(self.theirs)}))" if is_mail else self.theirs
        lines.append(f"on = {{ {self.ours} = {as_toml(theirs)} }}")
        if known.is_duplicated().any():
            lines.append("many = true    # some customers share a key: a ticket is of each of them")
        lines.append(f"take = {{ who_pays = {as_toml(self.customers.subscriber)} }}")
        return "\n".join(lines)


def best_meetings(
    guesses: Guesses, connections: Mapping[str, Mapping[str, str]], mapping: Path
) -> tuple[list[Meeting], tuple[str, ...]]:
    """Of each help desk the key by which most requesters are found, and metadata that is needed.

    Args:
        guesses: What plain files mean.
        connections: Of each vendor the keys of its section; of an API a sample is read.
        mapping: Where the mapping is to lie.
    """
    customers = [
        *(one for name, keys in connections.items() if (one := _billed(name, keys, mapping))),
        *_in_files(guesses),
    ]
    best: list[Meeting] = []
    for name, keys in connections.items():
        if name in _DESKS and customers:
            frame, columns = _DESKS[name]
            rows = _frame(name, keys, frame, mapping)
            every = _meetings(name, rows, columns, customers) if rows is not None else []
            found = max(every, key=lambda one: one.met, default=None)
            if found and found.share >= _LEAST:
                best.append(found)
    named = [one.theirs for one in best if one.theirs in one.customers.metadata]
    needed = {name.removeprefix("metadata_") for name in named}
    return best, tuple(sorted(needed))


def _meetings(
    desk: str, rows: pl.DataFrame, columns: Sequence[str], customers: Sequence[Customers]
) -> list[Meeting]:
    found: list[Meeting] = []
    for ours in columns:
        values = _folded(rows[ours]) if ours in rows.columns else pl.Series(ours, [], pl.String)
        if values.is_empty():
            continue
        for one in customers:
            for theirs in one.rows.columns:
                known = _folded(one.rows[theirs])
                met = int(values.is_in(known.implode()).sum())
                found.append(Meeting(desk, ours, one, theirs, len(values), met))
    return found


def _folded(values: pl.Series) -> pl.Series:
    texts = values.cast(pl.String).str.strip_chars()
    # E-mails are compared in small letters, ids as they are.
    lowered = pl.when(texts.str.contains("@", literal=True)).then(texts.str.to_lowercase())
    return pl.select(lowered.otherwise(texts).alias("value")).to_series().drop_nulls().unique()


def _billed(name: str, keys: Mapping[str, str], mapping: Path) -> Customers | None:
    if name not in _BILLING:
        return None
    frame, subscriber = _BILLING[name]
    options = {"metadata": list(_METADATA)} if name == "stripe" else {}
    rows = _frame(name, {**keys, **options}, frame, mapping)
    if rows is None:
        return None
    metadata = tuple(f"metadata_{key}" for key in _METADATA)
    columns = [one for one in (subscriber, "email", *metadata) if one in rows.columns]
    return Customers(name, {"file": f"{name}:{frame}"}, subscriber, rows.select(columns), metadata)


def _in_files(guesses: Guesses) -> list[Customers]:
    """Customers of plain files that know an e-mail."""
    if guesses.subscribers is None:
        return []
    return [
        Customers(
            file.name,
            file.sample.keys,
            link.column.name,
            file.sample.rows.select(
                pl.col(
                    link.column.name,
                    *(one.name for one in file.id_columns if one.name != link.column.name),
                ).cast(pl.String)
            ),
        )
        for file in guesses.of_kind("accounts")
        if (link := link_of(file, guesses.subscribers, guesses.files)) and link.via is None
    ]


def _frame(
    name: str, options: Mapping[str, object], frame: str, mapping: Path
) -> pl.DataFrame | None:
    """A frame of a vendor's export, or of a sample of its API; ``None`` if it cannot be had, which
    the trial says.
    """
    with TemporaryDirectory(prefix="perdura-init-") as scratch:
        connection = Connection(
            name,
            name,
            options,
            mapping,
            frozenset({frame}),
            Path(scratch) / "scratch",
            Path(scratch) / "store",
            sample=ApiSample(_SAMPLED),
        )
        try:
            staged = stage(connection, None, datetime.now(UTC))[frame]
        except Unavailable:
            return None
        return pl.read_parquet(staged.path) if isinstance(staged, StagedFrame) else None
