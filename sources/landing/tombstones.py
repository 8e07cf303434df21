"""The forgotten subscribers: keyed hashes of ids, by which extracts refuse them.

``<landing>/forgotten.json`` holds the key and, for each account, the hash and the day. With the
file one can ask whether an id is among them, as an extract must, but not read the ids.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_FILE = "forgotten.json"
#: The rule by which rows of the forgotten are refused.
FORGOTTEN = "forgotten"

#: Columns of events that hold the id of a person.
NAMING = ("subscriber_id", "merged_into")

_DELIMITERS = (r"[,;|\t]", r"[,;|\t\s{}\[\]:]+")
# As JSON quotes a text, and as CSV does.
_IN_JSON = re.compile(r'"(?:[^"\\]|\\.)*"')
_IN_CSV = re.compile(r'"((?:[^"]|"")*)"')


class BrokenTombstones(ValueError):
    """The list of the forgotten cannot be read. Nothing was done: they might land again."""


@dataclass(frozen=True, slots=True)
class Tombstones:
    """The accounts that were forgotten.

    Attributes:
        key: Of the hash; empty where no account was forgotten.
        days: When each hash was forgotten (UTC).
    """

    key: bytes
    days: Mapping[str, date]

    def hash_of(self, subscriber_id: str) -> str:
        """The hash of an id, forgotten or not: 32 hex digits, the same as long as the key is."""
        return blake2b(
            subscriber_id.encode(errors="replace"), key=self.key, digest_size=16
        ).hexdigest()

    def has(self, subscriber_id: str) -> bool:
        """Whether an id was forgotten."""
        return self.hash_of(subscriber_id) in self.days

    def among(self, ids: pl.Series) -> pl.Series:
        """Those of the ids that were forgotten, each once."""
        import polars as pl  # not at the top: a server that asks for no rows does without

        found = ids.drop_nulls().unique()
        return found.filter(
            pl.Series([self.has(subscriber_id) for subscriber_id in found], dtype=pl.Boolean)
        )


def read_tombstones(folder: Path) -> Tombstones:
    """The forgotten accounts.

    Raises:
        BrokenTombstones: There is a list that cannot be read.
    """
    file = folder / _FILE
    try:
        content = json.loads(file.read_text("utf-8"))
        days = {hashed: date.fromisoformat(day) for hashed, day in content["accounts"].items()}
        return Tombstones(bytes.fromhex(content["key"]), days)
    except FileNotFoundError:
        return Tombstones(b"", {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenTombstones(
            f"the list of the forgotten in {file} cannot be read ({error}), and without it they "
            "would land again; restore the file from a backup"
        ) from error


def record_erasure(folder: Path, accounts: Iterable[str], day: date) -> Tombstones:
    """Put accounts on the list, whole or not at all; who is on it keeps the day.

    Raises:
        BrokenTombstones: There is a list that cannot be read.
    """
    from perdura.sources.landing.files import move_into_place

    before = read_tombstones(folder)
    keyed = Tombstones(before.key or secrets.token_bytes(32), before.days)
    after = Tombstones(
        keyed.key, {keyed.hash_of(account): day for account in accounts} | {**before.days}
    )
    if after != before:
        kept = {hashed: str(after.days[hashed]) for hashed in sorted(after.days)}
        text = json.dumps({"key": after.key.hex(), "accounts": kept}, indent=1) + "\n"

        def write(draft: Path) -> None:
            draft.touch(mode=0o600)
            draft.write_text(text, "utf-8")

        folder.mkdir(parents=True, exist_ok=True)
        move_into_place(folder / _FILE, write)
    return after


def as_written(name: str) -> str:
    """The column of ids as the source wrote them, where they are read otherwise; else null."""
    return f"as written: {name}"


def refuse_forgotten(rows: pl.DataFrame, tombstones: Tombstones) -> pl.DataFrame:
    """Events to be, with ``rule``: those that name a forgotten account are refused, unnamed."""
    if not tombstones.days:
        return rows
    import polars as pl

    naming = [name for name in (*NAMING, *map(as_written, NAMING)) if name in rows.columns]
    gone = tombstones.among(pl.concat([rows[name].unique() for name in naming]))
    named = pl.any_horizontal(pl.col(name).is_in(gone.implode()) for name in naming)
    named = named.fill_null(value=False)
    return rows.with_columns(
        pl.when(named).then(pl.lit(FORGOTTEN)).otherwise("rule").alias("rule"),
        *(pl.when(~named).then(name).alias(name) for name in naming),
    )


def blank_forgotten(lines: pl.DataFrame, tombstones: Tombstones) -> pl.DataFrame:
    """Lines that are no rows (``rule``, ``text``): of those that name a forgotten one, no text."""
    if not tombstones.days or lines.is_empty():
        return lines
    import polars as pl

    texts = lines["text"].fill_null("")
    named = [any(tombstones.has(word) for word in _words(text)) for text in texts]
    return lines.with_columns(
        pl.when(pl.Series(named)).then(pl.lit(FORGOTTEN)).otherwise("rule").alias("rule"),
        pl.when(~pl.Series(named)).then("text").alias("text"),
    )


def _words(text: str) -> set[str]:
    """What may be the value of a field, however the line was meant to be split."""
    fields = {
        field.strip().strip('"')
        for delimiters in _DELIMITERS
        for field in re.split(delimiters, text)
    }
    in_csv = {field.replace('""', '"') for field in _IN_CSV.findall(text)}
    words = fields | in_csv | {_unquoted(field) for field in _IN_JSON.findall(text)}
    return words | {re.sub(r"\.0+$", "", word) for word in words}  # as ids are read


def _unquoted(field: str) -> str:
    try:
        return str(json.loads(field, strict=False))
    except ValueError:
        return field
