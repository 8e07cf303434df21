"""A mapping tried out on its sources: what it gives, what is wrong, and what to do about each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import polars as pl

from perdura.features.catalogue import FEATURES
from perdura.features.definition import Feature
from perdura.flows.configuration.dates import midnight
from perdura.flows.settings import BadMappingSettings, Settings, refuse_bad_settings
from perdura.flows.steps.training_window import NothingLanded, dates_by_settings
from perdura.progress import OnProgress, no_progress
from perdura.sources.connectors.connection import ApiSample
from perdura.sources.connectors.unread import NOT_READ
from perdura.sources.counted import counted
from perdura.sources.events import EVENT_TABLES, PAYMENTS, SUBSCRIPTIONS
from perdura.sources.extract import IncompleteExtract, extract
from perdura.sources.landing.landing import Landing
from perdura.sources.mapping.mapping import BadMapping, read_mapping
from perdura.sources.mapping.report.report import Example, Report, TableReport

#: From this share of refused rows on something is wrong with the mapping, not with the rows.
_TOO_MANY = 0.05
#: From this share on a rule that the mapping was written with needs a look.
_MOST = 0.5
#: A rule of the mapping that Stripe's comes with, and what to do where it refuses most rows.
_TEST_MODE = "test_mode"
_LIVE = (
    "the export is of Stripe's test mode; export live data, or write test_mode = true in the "
    "section of Stripe to try it out"
)
_LEVELS = ("problem", "look", "note")
#: The least leavers, and dates to learn from, that a model can be evaluated on.
_LEAVERS, _DATES = 200, 6
_STALE = timedelta(days=7)
#: Of an API about so many objects of each list are read.
SAMPLED = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Attributes:
        level: A ``problem`` is to be mended, a ``look`` may be as it should be and may not, a
            ``note`` is to be known.
        about: The table, or the matter.
        found: What was found.
        to_do: What to do about it; nothing of some notes.
    """

    level: Literal["problem", "look", "note"]
    about: str
    found: str
    to_do: str = ""

    @property
    def line(self) -> str:
        """In one line."""
        return f"{self.about}: {self.found}{f'; {self.to_do}' if self.to_do else ''}"


@dataclass(frozen=True, slots=True)
class TableFound:
    """What one event table would hold.

    Attributes:
        table: Its name.
        rows: How many rows its sources have.
        events: How many events would land.
        subscribers: How many subscribers these name.
        known: In words how many of them subscriptions or payments name; empty if nothing tells.
        first: Day of the first event.
        last: Day of the last event.
    """

    table: str
    rows: int
    events: int
    subscribers: int
    known: str
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """What a mapping gives.

    Attributes:
        tables: What each event table would hold.
        currencies: Of all amounts.
        findings: What was found, problems first.
        until: The extract's end that fits the data: today, or the day after the newest event.
        sample: What of an API was not read to its end, in words; empty if all was read.
    """

    tables: tuple[TableFound, ...] = ()
    currencies: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    until: date | None = None
    sample: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """As JSON takes it."""
        return {
            "is_fine": self.is_fine,
            "until": self.until,
            "sample": self.sample,
            "currencies": self.currencies,
            "tables": self.tables,
            "findings": self.findings,
        }

    @property
    def is_fine(self) -> bool:
        """Whether nothing has to be mended."""
        return not any(one.level == "problem" for one in self.findings)

    @property
    def is_readable(self) -> bool:
        """Whether any row of any source could be read."""
        return any(one.rows for one in self.tables)

    @property
    def can_train(self) -> bool:
        """Whether there is any event that may tell who left."""
        told = {SUBSCRIPTIONS.name, PAYMENTS.name}
        return any(one.events for one in self.tables if one.table in told)

    @property
    def why_unreadable(self) -> str:
        """Each reason that nothing could be read for, once."""
        found = [
            re.sub(r"^\S+, section \[\w+\]: (\w+:\w+: )?", "", one.found).removesuffix(
                "; if it may be missing add optional = true"
            )
            for one in self.findings
            if one.about in {"sources", "mapping"}
        ]
        return "; ".join(dict.fromkeys(found)) or "the files have no rows; export them again"


def check_sources(
    mapping: Path,
    settings: Settings,
    until: date,
    *,
    whole: bool = False,
    on_progress: OnProgress = no_progress,
) -> SourceCheck:
    """Extract all that a mapping names into a folder of its own, which is gone afterwards.

    Args:
        mapping: The mapping file.
        settings: Of the home; what is to be learnt is checked by them.
        until: What was known before is read.
        whole: Whether to read all of an API, and not a sample.
        on_progress: Called with the tables done, and with what is fetched meanwhile.
    """
    sample = None if whole else ApiSample(SAMPLED)
    with TemporaryDirectory(prefix="perdura-check-") as folder:
        landing = Landing(Path(folder))
        try:
            refuse_bad_settings(settings, mapping, read_mapping(mapping).settings)
            report = extract(
                mapping,
                until=midnight(until),
                landing=landing,
                progress=on_progress,
                sample=sample,
            )
        except (BadMapping, BadMappingSettings) as error:
            return SourceCheck(findings=(Finding("problem", "mapping", str(error)),))
        except IncompleteExtract as error:
            report = error.report
        cut = tuple(sample.read) if sample else ()
        return _described(report, landing, settings, until, cut)


def _described(
    report: Report, landing: Landing, settings: Settings, until: date, cut: tuple[str, ...]
) -> SourceCheck:
    events = landing.events()
    kept = {table.name: events[table.name].collect() for table in EVENT_TABLES}
    tables = tuple(_table(one, kept[one.table]) for one in report.tables)
    last = max((one.last for one in tables if one.last), default=None)
    until = min(until, last + timedelta(days=1)) if last else until
    currencies = _currencies(kept)
    findings = [
        *(Finding("problem", "sources", problem) for problem in report.problems),
        *(one for entry in report.tables for one in _of_table(entry, is_sample=bool(cut))),
        *_of_currency(currencies),
        *_of_features(kept),
        *_of_learning(landing, kept, settings, until, is_sample=bool(cut)),
    ]
    if last and last < datetime.now(UTC).date() - _STALE:
        findings.append(
            Finding(
                "note", "dates", f"the newest event is of {last}", f"extract with --until {until}"
            )
        )
    findings.sort(key=lambda one: _LEVELS.index(one.level))
    return SourceCheck(tables, currencies, tuple(findings), until, cut)


def _table(entry: TableReport, events: pl.DataFrame) -> TableFound:
    moments = events["happened_at"]
    first, last = moments.min(), moments.max()
    return TableFound(
        entry.table,
        entry.in_rows.read,
        events.height,
        events["subscriber_id"].n_unique(),
        entry.known.in_words() if entry.known else "",
        first.date() if isinstance(first, datetime) else None,
        last.date() if isinstance(last, datetime) else None,
    )


def _of_table(entry: TableReport, *, is_sample: bool) -> Iterator[Finding]:
    """What is wrong, or odd, about one table. Rows of a sample may name what it has not read."""
    if is_sample and entry.known:
        yield Finding("note", entry.table, f"of the sample, {entry.known.in_words()}")
        entry = replace(entry, known=None)
    yield from (_of_rule(entry, one, is_sample=is_sample) for one in entry.examples)
    if entry.is_for_later:
        later = f"{counted(entry.not_yet_known, 'event')} known since the export was made"
        yield Finding("note", entry.table, f"{later}: they count from the day after on")
    if why := entry.why_degraded(mapped=True):
        yield Finding("problem", entry.table, why, "scores would count as degraded")
    elif entry.known and entry.known.is_few:
        yield Finding("problem", entry.table, entry.known.in_words())
    for note in _once(entry.notes):
        found, _, todo = note.rpartition("; ")
        level = "look" if note.startswith(NOT_READ) else "note"
        yield Finding(level, entry.table, found or note, todo if found else "")


def _of_rule(entry: TableReport, one: Example, *, is_sample: bool) -> Finding:
    """How many rows broke a rule, and one of them."""
    share = one.count / max(entry.events, 1)
    own = one.hint.startswith("a rule of the mapping")
    # Of a row with one event the two are the same.
    what = "rows" if entry.events == entry.rows - entry.skipped else "events"
    place = f"{one.file}, {'row' if one.file.endswith('.parquet') else 'line'} {one.row}"
    value = "empty" if one.value is None else repr(one.value)
    named = f", {one.column} {value}" if one.column and one.rule != "duplicate" else ""
    return Finding(
        _level_of(one, share, own=own, is_sample=is_sample),
        entry.table,
        f"{one.count:,} of {entry.events:,} {what} {one.rule.replace('_', ' ')} ({share:.1%}), "
        f"such as {place}{named}",
        _LIVE if own and one.rule == _TEST_MODE and share > _MOST else one.hint,
    )


def _level_of(
    one: Example, share: float, *, own: bool, is_sample: bool
) -> Literal["problem", "look", "note"]:
    """A few odd rows are to be known; many are a fault of the mapping, or of the export."""
    if own and share > _MOST:
        return "problem" if one.rule == _TEST_MODE else "look"
    if not own and share > _TOO_MANY:
        if one.rule == "duplicate" or (is_sample and one.rule == "no_subscriber"):
            return "note"
        return "problem"
    return "look" if one.rule == "cut_off" else "note"


def _once(notes: Sequence[str]) -> Iterator[str]:
    """The notes; what several frames lack for one reason, in one."""
    frames: dict[str, list[str]] = {}
    for note in notes:
        named = re.fullmatch(r"(\w+:\w+): (.*)", note, re.DOTALL)
        frames.setdefault(named[2] if named else note, []).extend([named[1]] if named else [])
    for words, names in frames.items():
        yield f"{', '.join(names)}: {words}" if names else words


def _currencies(kept: dict[str, pl.DataFrame]) -> tuple[str, ...]:
    values = pl.concat([kept[table.name]["currency"] for table in (SUBSCRIPTIONS, PAYMENTS)])
    return tuple(values.drop_nulls().unique().sort())


def _of_currency(currencies: tuple[str, ...]) -> Iterator[Finding]:
    if not currencies:
        yield Finding(
            "note", "currency", "no amount has one", "write currency = \"'EUR'\" where amounts are"
        )
    elif len(currencies) > 1:
        yield Finding(
            "note",
            "currency",
            f"amounts are in {', '.join(currencies)}",
            "name exchange rates in value.exchange_rates to compare them",
        )


def _of_features(kept: dict[str, pl.DataFrame]) -> Iterator[Finding]:
    """Of each table how many features find nothing, and what they lack."""
    for table in EVENT_TABLES:
        own = [one for one in FEATURES if isinstance(one, Feature) and one.events is table]
        if not own:
            continue
        events = kept[table.name]
        empty = [one for one in own if not _has_rows(one, events)]
        if not empty:
            continue
        if events.is_empty():
            yield Finding(
                "note",
                table.name,
                f"nothing is known, and {counted(len(own), 'feature')} find nothing",
            )
            continue
        kinds = [kind for kind in table.kinds if kind not in {*events["kind"].unique()}]
        columns = [name for name in table.columns if events[name].null_count() == events.height]
        lacks = [f"no event is {', '.join(kinds)}"] if kinds else []
        lacks += [f"always empty: {', '.join(columns)}"] if columns else []
        why = "; ".join(lacks) or "too few rows"
        yield Finding(
            "note",
            table.name,
            f"{len(empty)} of {len(own)} features find nothing ({why})",
        )


def _has_rows(feature: Feature, events: pl.DataFrame) -> bool:
    try:
        return bool(events.select(pl.sql_expr(feature.where).any()).item())
    except pl.exceptions.PolarsError:  # it compares with the event before
        return not events.is_empty()


def _of_learning(
    landing: Landing,
    kept: dict[str, pl.DataFrame],
    settings: Settings,
    until: date,
    *,
    is_sample: bool,
) -> Iterator[Finding]:
    """Whether there is enough to learn from."""
    try:
        dates = dates_by_settings(
            landing.events(), settings.churn, settings.training, midnight(until)
        )
    except NothingLanded:
        yield Finding("problem", "learning", "there is no history", "map what tells who left")
        return
    told = PAYMENTS if settings.churn.rule == "silence" else SUBSCRIPTIONS
    events = kept[told.name]
    if events.is_empty():
        yield Finding(
            "problem", "learning", f"no {told.name} have landed, and they tell who left",
            f"map [{told.name}], or set churn.rule",
        )  # fmt: skip
        return
    closed = [
        one
        for one in dates
        if one + timedelta(days=settings.churn.horizon_days + settings.churn.grace_days)
        <= midnight(until)
    ]
    leavers = (
        events.filter(pl.col("kind").is_in(["ended", "cancel_scheduled"]))[
            "subscriber_id"
        ].n_unique()
        if told is SUBSCRIPTIONS
        else events["subscriber_id"].n_unique()
    )
    words = f"{counted(len(closed), 'date')} with known outcomes" + (
        f" and {counted(leavers, 'subscriber')} who left or cancelled"
        if told is SUBSCRIPTIONS
        else ""
    )
    enough = len(closed) >= _DATES and leavers >= _LEAVERS
    if is_sample and not enough:
        to_do = "perdura extract reads all, and perdura train says whether it is enough"
        yield Finding("note", "learning", f"{words} in the sample", to_do)
        return
    yield Finding(
        "note",
        "learning",
        f"{words}: {'enough' if enough else 'little'} to learn from",
        ""
        if enough
        else "fetch a longer history if there is one; perdura score --trial shows "
        "scores of a model that is not good enough to be promoted",
    )
