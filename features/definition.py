"""What a feature is: one fact about a subscriber, as a value. The builder makes columns of it."""

from dataclasses import dataclass
from typing import Literal

from perdura.features.conditions import BadFeature, check_column, check_condition
from perdura.sources.events import EventTable

Language = Literal["en", "es"]
#: Values below the typical one, above it, or any that differ.
Side = Literal["less", "more", "other"]


@dataclass(frozen=True, slots=True)
class Over:
    """An aggregate of the rows that count, over each window ``[as_of - d, as_of)``.

    With a ``column``, rows in which it is null do not count.
    """

    how: Literal["count", "sum", "mean", "max", "min"]
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Since:
    """Days from the first or last row that counts to ``as_of``."""

    which: Literal["first", "last"]


@dataclass(frozen=True, slots=True)
class Latest:
    """The value of ``column`` in the last row that counts; ties go to the last known."""

    column: str


@dataclass(frozen=True, slots=True)
class Balance:
    """How many things are open as of now: their last ``up`` came after their last ``down``.

    Attributes:
        up: Rows that open a thing: SQL, as ``Feature.where``.
        down: Rows that close it; at the same moment as an ``up``, it is closed.
        thing: Column that names the thing. Rows that name none count for none.
    """

    up: str
    down: str
    thing: str


Measure = Over | Since | Latest | Balance


@dataclass(frozen=True, slots=True)
class Phrases:
    """What support reads next to a risk, in one language.

    Attributes:
        none: When the value is zero; and when it is unknown, unless ``unknown`` says more.
            Of hours, days and points without ``unknown``, when it is unknown alone.
        one: When one is shown, if it differs from ``many``; not of time, money and shares.
        many: Otherwise; ``{n}`` is the value, with its unit where the unit is time or money.
        unknown: When the value is unknown, where that is not the same as ``none``.
    """

    none: str
    one: str
    many: str
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One measure over one event table, for each of its windows.

    Attributes:
        name: Column stem. Over 30 days, ``payments_failed`` is ``payments_failed_30d``.
        events: The table it reads.
        measure: One of the four primitives.
        where: Which rows count: SQL over the table's columns, e.g. ``kind = 'failed'``.
        windows: Lengths in days, for ``Over`` only. Half-open: ``[as_of - d, as_of)``.
        when_empty: Value when no row counts. ``None`` means unknown, which is not zero.
        unit: What the value is counted in: ``payments``, ``days``, ``hours``, ``money``
            (minor units), ``category`` (text), ``age`` (days, said in weeks, months, years).
        signal: What the feature is a sign of. Reasons add up the columns of one signal.
        en: Its meaning in English.
        es: Its meaning in Spanish.
        currency: Of ``money``, the column that holds its currency, e.g. ``payment_currency``.
        rises: More of it surely never lowers the risk of leaving: a model may be held to that.
        named: Whether it may be given as a reason.
        billed: It follows from when bills are paid. While a paid term runs, it tells how far the
            term or the tenure has come, so reasons add it to those signals: as of
            ``features.topics.paid_term``.
        reason_from: Only a value of at least this may be given as a reason: nothing refunded is
            none. With this or ``reason_below``, an unknown value is none either.
        reason_below: Only a value below this may be given as a reason: a long tenure is none.
        worse: The side of the typical value of comparable subscribers that is a sign of leaving:
            only ``more`` than it, ``less``, or any ``other`` may be given as a reason. A quick
            reply is none. ``None``: the value is judged alone.
        says_typical: A reason says the typical value beside its own. Where none is known, and
            where its own is unknown (not ``Since``), it is none.
    """

    name: str
    events: EventTable
    measure: Measure
    where: str = "true"
    windows: tuple[int, ...] = ()
    when_empty: float | None = None
    unit: str
    signal: str
    en: Phrases
    es: Phrases
    currency: str | None = None
    rises: bool = False
    named: bool = True
    billed: bool = False
    reason_from: float | None = None
    reason_below: float | None = None
    worse: Side | None = None
    says_typical: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.measure, Over) != bool(self.windows) or min(self.windows, default=1) < 1:
            raise ValueError(
                f"feature {self.name!r} measures {self.measure} over windows {self.windows}; "
                "give an Over one or more windows of at least a day, and the others none"
            )
        if "subscriber_id" in self.where:
            raise ValueError(
                f"feature {self.name!r} counts rows where {self.where!r}; ask what happened and "
                "not to whom: accounts are merged, and then a row is another subscriber's"
            )
        if (self.unit == "money") != bool(self.currency):
            raise ValueError(
                f"feature {self.name!r} is in {self.unit!r} and of currency {self.currency!r}; "
                "name the column that holds its currency for money, and none for the others"
            )
        if self.says_typical and self.worse is None:
            raise ValueError(
                f"feature {self.name!r} says what is typical and not on which side of it a value "
                "is a reason; give it worse = 'less', 'more' or 'other'"
            )
        self._check_table()

    def _check_table(self) -> None:
        """Refuse what the table cannot tell: its value would be the same for each row."""
        measure, table = self.measure, self.events
        conditions = [self.where]
        if isinstance(measure, Balance):
            conditions += [measure.up, measure.down]
            check_column(self.name, table, measure.thing, number=False)
        elif isinstance(measure, Over):
            counted = measure.how == "count"
            if measure.column is None and not counted:
                raise BadFeature(
                    f"feature {self.name!r} takes the {measure.how} of no column; name one"
                )
            check_column(self.name, table, measure.column, number=not counted)
        elif isinstance(measure, Latest):
            check_column(self.name, table, measure.column, number=self.unit != "category")
        for condition in conditions:
            check_condition(self.name, table, condition)

    @property
    def columns(self) -> tuple["Column", ...]:
        """Its columns, one for each window, in order."""
        if not self.windows:
            return (Column(self.name, self, None),)
        return tuple(Column(f"{self.name}_{days}d", self, days) for days in self.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One column made from others of the same row, e.g. a share or a trend.

    Attributes:
        name: Its column.
        sql: SQL over the columns of features, e.g. ``failed_90d / nullif(tried_90d, 0)``.
        unit: As in ``Feature``; also ``share`` (of one) and ``times``.
        signal: As in ``Feature``.
        en: Its meaning in English.
        es: Its meaning in Spanish.
        rises: As in ``Feature``.
        named: As in ``Feature``.
        billed: As in ``Feature``.
        reason_from: As in ``Feature``.
        reason_below: As in ``Feature``.
        worse: As in ``Feature``.
        rests_on: The column that a share or a pace counts, and the least of it from which it may
            be given as a reason: one ticket is no pace.
    """

    name: str
    sql: str
    unit: str
    signal: str
    en: Phrases
    es: Phrases
    rises: bool = False
    named: bool = True
    billed: bool = False
    reason_from: float | None = None
    reason_below: float | None = None
    worse: Side | None = None
    rests_on: tuple[str, float] | None = None

    @property
    def says_typical(self) -> bool:
        """As in ``Feature``: shares and paces say in their own words what is usual."""
        return False

    @property
    def columns(self) -> tuple["Column", ...]:
        """Its one column."""
        return (Column(self.name, self, None),)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the feature frame: what it is called, measures, and spans (days)."""

    name: str
    feature: Feature | Derived
    days: int | None

    @property
    def is_category(self) -> bool:
        """Whether its values are text."""
        return self.feature.unit == "category"
