"""What one extract did, table by table: nothing that was read is unaccounted for."""

from dataclasses import asdict, dataclass, field
from datetime import datetime

from perdura.sources.counted import counted
from perdura.sources.events import EVENT_TABLES
from perdura.sources.mapping.report.known_subscribers import Known
from perdura.sources.mapping.report.row_counts import RowCounts

_STEADY = {table.name for table in EVENT_TABLES if table.is_steady}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A row that broke a rule.

    Attributes:
        rule: The rule.
        count: How many events, or lines, broke it.
        file: Where the row is.
        row: Its line, from 1; in Parquet its row.
        column: The column in which it breaks the rule, where it is one.
        value: What stands there; of lines that are no rows, how they begin.
        hint: Why, and what to write.
    """

    rule: str
    count: int
    file: str
    row: int
    column: str | None
    value: str | None
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """One event table in one extract. One row of a source may hold several events.

    Attributes:
        table: Its name.
        files: The source files read.
        rows: Rows read, after joins, lines that could not be split included.
        skipped: Rows that the mapping's ``where`` leaves out.
        events: Events found in the other rows, and rows that should hold one and do not.
        landed: Events of the source that this day's file holds.
        late: Of these, how many are new and were known by the source's word before the end of
            an extract that did not see them; they landed as known at the newest such end.
        already_landed: Events that other days' files hold.
        not_yet_known: Events known at ``until`` or later, left for later extracts.
        rejected: Number of events, or lines, refused by each rule.
        ties: Moments at which a subscription both started and ended (or was paused and resumed,
            cancelled and not): its state before decides which came first.
        vanished: Events that landed on other days and that the source no longer gives.
        vanished_example: The oldest of them in words.
        otherwise: Events that landed and that the source now tells otherwise.
        inferred: Events that this day's file holds and no source gives: what comparing showed.
        once: Whether no event landed in several versions.
        in_rows: What became of the rows, each counted once.
        examples: Of each rule broken the first row, in the order of the files, and what to write.
        known: How many of its subscribers are known from other tables; ``None`` if none tells.
        notes: What looks odd and is no fault.
        complete: Whether every file was there and had something in it, and nothing that an
            earlier run of this day missed turned up too late for it.
    """

    table: str
    files: tuple[str, ...] = ()
    rows: int = 0
    skipped: int = 0
    events: int = 0
    landed: int = 0
    late: int = 0
    already_landed: int = 0
    not_yet_known: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    ties: int = 0
    vanished: int = 0
    vanished_example: str = ""
    otherwise: int = 0
    inferred: int = 0
    once: bool = True
    in_rows: RowCounts = field(default_factory=RowCounts)
    examples: tuple[Example, ...] = ()
    known: Known | None = None
    notes: tuple[str, ...] = ()
    complete: bool = True

    def __post_init__(self) -> None:
        landed = self.landed + self.already_landed
        lost = self.events - landed - self.not_yet_known - sum(self.rejected.values())
        # A row that is kept holds an event, or is refused for holding none.
        if lost or self.events < self.rows - self.skipped:
            raise AssertionError(f"rows were lost on the way, a fault of ours: {self}")

    @property
    def is_for_later(self) -> bool:
        """Whether all that it gives counts from a later extract on, and may well do so.

        Attributes that an export shows without a date are known since it was made; of payments or
        tickets the same would be a fault.
        """
        landed = self.landed + self.already_landed
        return bool(self.not_yet_known and not landed and self.table not in _STEADY)

    def why_degraded(self, *, mapped: bool) -> str | None:
        """Why the table is not to be relied on, and which setting decides; ``None`` if it is.

        Args:
            mapped: Whether the mapping names it. What only lies beside it, such as contacts, may
                well hold nothing yet.
        """
        if not self.complete:
            odd = f" ({self.notes[0]})" if self.notes else ""
            return f"a file is missing or empty, or gave rows too late for this day{odd}"
        if mapped and not self.landed + self.already_landed and not self.is_for_later:
            return (
                f"{counted(self.not_yet_known, 'event')}, all of it, became known after this "
                "extract's end, and count from then on"
                if self.not_yet_known
                else "it has given no event yet"
            )
        if self.known and self.known.is_too_few:
            return (
                f"{self.known.known:,} of {self.known.subscribers:,} subscribers are known; "
                f"known_share = {self.known.least} in [{self.table}] decides"
            )
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One extract of one mapping.

    Attributes:
        until: What was known before this moment was read.
        tables: One report for each table that could be read.
        degraded: Tables with a source that is missing, unreadable, shortened or empty, or has never
            given an event, or names hardly any known subscriber: features from them are not to be
            trusted.
        because: Why, by table, and which setting decides.
        problems: Why tables could not be read; empty if all could.
    """

    until: datetime
    tables: tuple[TableReport, ...]
    degraded: tuple[str, ...]
    because: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """The report as JSON takes it."""
        return {**asdict(self), "until": self.until.isoformat()}
