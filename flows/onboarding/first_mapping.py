"""A first mapping and settings, guessed from where the data are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from perdura.sources.guesses.databases import sample_database
from perdura.sources.guesses.day_order import order_elsewhere, unsure, with_order
from perdura.sources.guesses.dialect import Unguessable
from perdura.sources.guesses.inputs.guessed import Guesses
from perdura.sources.guesses.kinds import GuessedFile, guess_files
from perdura.sources.guesses.links import subscribers_of
from perdura.sources.guesses.meeting import best_meetings
from perdura.sources.guesses.samples import SampledTable, sample_file, tables_in
from perdura.sources.guesses.tables import guess_tables
from perdura.sources.guesses.writing import mapping_text

#: Vendors with exports that tell of contracts.
_WITH_CONTRACTS = ("stripe", "recurly", "chargebee")


class NoSources(ValueError):
    """There is nothing to guess from."""


class UnsureDates(ValueError):
    """Dates may be read in two ways, and nothing tells which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhereDataAre:
    """Where a company's data are.

    Attributes:
        files: Folders of plain files.
        vendors: Of each vendor the folder of its export.
        accounts: Of each vendor whose API is read the keys of its section: where it is, and the
            environment variables that hold its secrets, never these themselves.
        databases: Addresses, such as ``$BILLING_URL``.
        currency: Of amounts that no file gives a currency for.
        timezone: Of times that tell no zone.
        day_first: Whether days stand before months; ``None``: as the files tell.
    """

    files: tuple[Path, ...] = ()
    vendors: Mapping[str, Path] = field(default_factory=dict[str, Path])
    accounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    databases: tuple[str, ...] = ()
    currency: str | None = None
    timezone: str = "UTC"
    day_first: bool | None = None


@dataclass(frozen=True, slots=True)
class FirstMapping:
    """What was guessed.

    Attributes:
        text: The mapping file.
        files: The files and what each is taken for.
        notes: What was taken for granted, and what could not be told.
    """

    text: str
    files: tuple[GuessedFile, ...]
    notes: tuple[str, ...]


def first_mapping(
    where: WhereDataAre, home: Path, ask_order: Callable[[list[str]], bool | None]
) -> FirstMapping:
    """The mapping that fits what is found.

    Args:
        where: Where the data are.
        home: The folder that the mapping is to lie in.
        ask_order: Asked whether days come first in columns that do not tell; ``None``: no answer.

    Raises:
        NoSources: A folder is not there, or nothing in it is a table.
        UnsureDates: Nothing tells days and months apart.
        BadDatabase: A database cannot be asked.
    """
    samples, skipped = _samples(where, home)
    if not samples and not where.vendors and not where.accounts:
        raise NoSources(
            "found no table to read"
            + (f" ({'; '.join(skipped)})" if skipped else "")
            + "; give --files FOLDER with CSV, JSON lines or Parquet, --stripe FOLDER, --database"
        )
    files = _in_one_order(guess_files(samples), where.day_first, ask_order)
    guesses = guess_tables(files, subscribers_of(files), where.currency)
    guesses.notes[:0] = [f"{one}; it is left out" for one in skipped]
    sections: dict[str, Mapping[str, str]] = {
        **{name: {"folder": _named(folder, home)} for name, folder in where.vendors.items()},
        **where.accounts,
    }
    _look_at(guesses, where)
    meetings, metadata = best_meetings(guesses, sections, home / "mapping.toml")
    guesses.notes += [f"{one.in_words}; the mapping looks them up so" for one in meetings]
    text = mapping_text(
        guesses,
        sections,
        where.timezone,
        says_what_is_due=bool(guesses.of_kind("subscriptions"))
        or any(name in _WITH_CONTRACTS for name in sections)
        or not guesses.sections,
        meetings=meetings,
        metadata=metadata,
    )
    return FirstMapping(text, tuple(files), tuple(guesses.notes))


def _samples(where: WhereDataAre, home: Path) -> tuple[list[SampledTable], list[str]]:
    samples: list[SampledTable] = []
    skipped: list[str] = []
    for folder in where.files:
        if not folder.is_dir():
            raise NoSources(f"there is no folder {folder}; give the folder that the files lie in")
        for path in tables_in(folder):
            try:
                samples.append(sample_file(path, _named(path, home)))
            except Unguessable as error:
                skipped.append(str(error))
    for name, folder in where.vendors.items():
        if not folder.is_dir():
            raise NoSources(f"there is no folder {folder}; give the one that {name} exported into")
    for database in where.databases:
        samples += sample_database(database, home)
    return samples, skipped


def _named(path: Path, home: Path) -> str:
    """A path as the mapping names it: from its own folder on where it lies below."""
    whole, within = path.absolute(), home.absolute()
    return str(whole.relative_to(within) if whole.is_relative_to(within) else whole)


def _in_one_order(
    files: list[GuessedFile],
    day_first: bool | None,
    ask_order: Callable[[list[str]], bool | None],
) -> list[GuessedFile]:
    columns = unsure(files)
    if not columns:
        return files
    order = day_first if day_first is not None else order_elsewhere(files)
    order = order if order is not None else ask_order(columns)
    if order is None:
        raise UnsureDates(
            f"dates such as 03/04/2026 in {', '.join(columns)} may be of March or of April, and no "
            "value tells; say --day-first or --month-first"
        )
    return with_order(files, day_first=order)


def _look_at(guesses: Guesses, where: WhereDataAre) -> None:
    """What to look at: time zones, and ids that plain files and vendors have to share."""
    used = [column.times for section in guesses.sections for column in section.used]
    if where.timezone == "UTC" and any(
        one and one.tells_hours and not one.tells_zone for one in used
    ):
        guesses.notes.append(
            "times tell no time zone and are taken for UTC; say --timezone Europe/Madrid, or the "
            "one in which they were written down"
        )
    if (where.vendors or where.accounts) and guesses.sections:
        guesses.notes.append(
            "ids of files and of vendors have to be the same; where they are not, look them up "
            "with a join, as on e-mail, and perdura check says how many meet"
        )
