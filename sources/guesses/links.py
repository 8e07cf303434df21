"""How ids meet across files: the column that names a subscriber, and the way to it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from perdura.sources.guesses.columns import SampledColumn
from perdura.sources.guesses.kinds import MEETS, GuessedFile
from perdura.sources.guesses.names import singulars
from perdura.sources.guesses.roles import EMAIL, SUBSCRIBER


@dataclass(frozen=True, slots=True)
class Link:
    """How a file's rows name their subscriber.

    Attributes:
        column: The file's own column.
        via: The file in which that is looked up; ``None``: the column is the subscriber's id.
        theirs: The column of ``via`` that is compared.
        takes: The column of ``via`` that is the subscriber's id.
        share: Of the different ids of the file how many meet.
    """

    column: SampledColumn
    via: GuessedFile | None = None
    theirs: SampledColumn | None = None
    takes: SampledColumn | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Subscribers:
    """The ids that risks are predicted for.

    Attributes:
        file: The file that tells who is a subscriber: of subscriptions, else of payments.
        column: Its column.
        ids: They.
    """

    file: GuessedFile
    column: SampledColumn
    ids: pl.Series


def subscribers_of(files: Sequence[GuessedFile]) -> Subscribers | None:
    """The subscribers by the file that tells of them; ``None`` if no file names any."""
    for kind in ("subscriptions", "payments", "accounts"):
        for file in files:
            if file.kind == kind and (column := _subscriber_column(file, files)):
                return Subscribers(file, column, file.ids(column))
    return None


def _subscriber_column(file: GuessedFile, files: Sequence[GuessedFile]) -> SampledColumn | None:
    """Of the columns that may name subscribers the one that most files know."""
    named = [column for column in file.columns if SUBSCRIBER.find([column], set())]
    if not named and file.kind == "accounts" and file.key:
        named = [file.key]
    if not named and (email := EMAIL.find(file.columns, set())):
        named = [email]
    others = [other for other in files if other is not file]

    def known(column: SampledColumn) -> tuple[int, int]:
        met = sum(
            any(
                (column.words == one.words or _names_key(column, one, other))
                and _share(other.ids(one), file.ids(column)) > 0
                for one in other.id_columns
            )
            for other in others
        )
        first = next(
            number
            for number, pattern in enumerate((*SUBSCRIBER.patterns, ""))
            if SUBSCRIBER.find([column], set()) is None or re.search(pattern, column.words)
        )
        return met, -first

    return max(named, key=known, default=None)


def link_of(
    file: GuessedFile, subscribers: Subscribers, files: Sequence[GuessedFile]
) -> Link | None:
    """How a file's rows name their subscriber: by the id itself, else by one other file."""
    if file is subscribers.file:
        return Link(subscribers.column)
    direct = [
        Link(column, share=_share(file.ids(column), subscribers.ids))
        for column in file.id_columns
        if _may_be(column, subscribers, files)
    ]
    best = max(direct, key=lambda link: link.share, default=None)
    if best and best.share >= MEETS:
        return best
    indirect = [
        link
        for other in files
        if other is not file and (to := _own(other, subscribers, files))
        for link in _through(file, other, to)
    ]
    found = max(indirect, key=lambda link: link.share, default=None)
    if found and found.share >= MEETS:
        return found
    return best or found


def _own(
    file: GuessedFile, subscribers: Subscribers, files: Sequence[GuessedFile]
) -> SampledColumn | None:
    """The column of a file that is the subscriber's id itself."""
    if file is subscribers.file:
        return subscribers.column
    fitting = [
        column
        for column in file.id_columns
        if _may_be(column, subscribers, files)
        and _share(file.ids(column), subscribers.ids) >= MEETS
    ]
    return next(iter(fitting), None)


def _may_be(column: SampledColumn, subscribers: Subscribers, files: Sequence[GuessedFile]) -> bool:
    """Whether by its name a column may be the subscriber's id: small numbers meet anywhere."""
    owner = next((f for f in files if f.kind == "accounts"), None)
    names = {subscribers.column.words}
    if owner is not None:
        names |= {f"{one}_id" for one in singulars(owner.name)} | {*singulars(owner.name)}
        if owner.key and any(column is one for one in owner.columns):
            return column is owner.key or column.words in names
    if column.words in names or SUBSCRIBER.find([column], set()):
        return True
    return column.content == "email" and subscribers.column.content == "email"


def _through(file: GuessedFile, other: GuessedFile, to: SampledColumn) -> list[Link]:
    """Ways to the subscriber by a column of another file that names its rows once each."""
    links: list[Link] = []
    for column in file.id_columns:
        for theirs in other.id_columns:
            if "email" in (column.content, theirs.content):
                alike = column.content == theirs.content
            elif column.words == theirs.words:
                alike = theirs.words not in ("id", "uuid", "key")
            else:
                alike = _names_key(column, theirs, other)
            if alike and theirs.is_unique and theirs.name != to.name:
                share = _share(_folded(file, column), _folded(other, theirs))
                links.append(Link(column, other, theirs, to, share))
    return links


def _names_key(column: SampledColumn, key: SampledColumn, other: GuessedFile) -> bool:
    """Whether a column is named for the key of another file: ``customer_id`` of ``customers``."""
    return key is other.key and column.words in {f"{one}_id" for one in singulars(other.name)}


def _folded(file: GuessedFile, column: SampledColumn) -> pl.Series:
    ids = file.ids(column)
    return ids.str.strip_chars().str.to_lowercase() if column.content == "email" else ids


def _share(ids: pl.Series, known: pl.Series) -> float:
    """Of different ids the share that is known."""
    if ids.is_empty():
        return 0.0
    return float(ids.cast(pl.String).is_in(known.cast(pl.String).implode()).sum()) / len(ids)
