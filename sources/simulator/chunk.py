"""One chunk of the company's people, lived through month by month and written down."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from perdura.sources.events import MOMENT
from perdura.sources.simulator.arriving import write_book, write_newcomers
from perdura.sources.simulator.billing import bill
from perdura.sources.simulator.changing import change
from perdura.sources.simulator.dirt import with_dirt
from perdura.sources.simulator.expansion import considers, expansion
from perdura.sources.simulator.frames import Names, name, table_frame, table_rows
from perdura.sources.simulator.hazard import SIGNALS, hazard
from perdura.sources.simulator.journal import Journal
from perdura.sources.simulator.leaving import leave
from perdura.sources.simulator.lives import ACTIVE, Lives, begin_lives, begin_month, settle
from perdura.sources.simulator.mapping_file import TABLES
from perdura.sources.simulator.people import People, draw_people
from perdura.sources.simulator.signs import read_signs
from perdura.sources.simulator.step import Step
from perdura.sources.simulator.support import Outage, contact, outage_in, support
from perdura.sources.simulator.vectors import Month

#: People of one chunk. Fixed, so that the same company comes out on any machine.
CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Order:
    """Which company: the months ``[first, first + months)`` of ``subscribers`` people."""

    subscribers: int
    first: Month
    months: int
    seed: int

    def __post_init__(self) -> None:
        if self.subscribers < 1 or self.months < 1:
            raise ValueError(
                f"asked for {self.subscribers} subscribers over {self.months} months; ask for one "
                "or more of each"
            )
        if self.seed < 0:
            raise ValueError(f"asked for seed {self.seed}; give 0 or any larger number")

    @property
    def chunks(self) -> int:
        """In how many parts it is made, each independent of the others."""
        return -(-self.subscribers // CHUNK)

    @property
    def end(self) -> Month:
        """The first month not simulated."""
        return Month(self.first.count + self.months)

    def rng(self, *key: int) -> np.random.Generator:
        """Chance for one use, the same whatever else is drawn."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


@dataclass(frozen=True, slots=True)
class Lived:
    """A chunk after its last month: its events and the true risks at each month's start."""

    people: People
    lives: Lives
    journal: Journal
    truth: pl.DataFrame


def live(order: Order, chunk: int, people: People) -> Lived:
    """Simulate the months one after the other."""
    first = order.first.count
    lives, journal = begin_lives(people, first), Journal(people.count)
    write_book(journal, people, lives, first)
    write_newcomers(journal, people, lives, first)
    truth: list[pl.DataFrame] = []
    for index in range(order.months):
        month = Month(first + index)
        settle(lives, month.start)
        service = begin_month(lives, month)
        step = Step(order.rng(chunk, index), month, people, lives, service, journal)
        truth.append(_live_month(step, outage_in(month, order.seed)))
    return Lived(people, lives, journal, pl.concat(truth))


def draw_chunk(order: Order, chunk: int) -> People:
    """The people of one chunk; the last chunk holds the rest."""
    numbers = np.arange(chunk * CHUNK, min((chunk + 1) * CHUNK, order.subscribers))
    return draw_people(order.rng(chunk), numbers, order.first.count, order.months)


def write_chunk(order: Order, chunk: int, out: Path) -> dict[str, tuple[int, int]]:
    """Simulate one chunk and write its part of every table, and of the truth.

    Returns:
        By table, and for ``truth``: rows written, and how many of them are dirt.
    """
    lived = live(order, chunk, draw_chunk(order, chunk))
    names = name(lived.people, lived.lives)
    counts: dict[str, tuple[int, int]] = {}
    for number, table in enumerate(TABLES):
        true = table_rows(lived.journal, table, order.end.start)
        rows, dirt = with_dirt(true, order.rng(chunk, order.months, number))
        frame = table_frame(rows, table, lived.people, names, chunk)
        write_part(out / table.name / f"part-{chunk:05}.parquet", frame)
        counts[table.name] = (len(frame), dirt)
    truth = truth_frame(lived.truth, names)
    write_part(out / "truth" / f"part-{chunk:05}.parquet", truth)
    return counts | {"truth": (len(truth), 0)}


def truth_frame(rows: pl.DataFrame, names: Names) -> pl.DataFrame:
    """The truth under the accounts of each moment, with the cause as a word."""
    persons, as_of = rows["person"], rows["as_of"]
    causes = pl.Series([*SIGNALS, None], dtype=pl.String)
    return rows.select(
        names.accounts_at(persons, as_of - 1).alias("subscriber_id"),
        pl.col("as_of").cast(MOMENT),
        risk=pl.col("risk_voluntary") + pl.col("risk_payment"),
        risk_voluntary="risk_voluntary",
        risk_payment="risk_payment",
        cause_signal=causes.gather(rows["cause"]),
        expansion=pl.col("expansion").fill_nan(None),
    )


def write_part(path: Path, frame: pl.DataFrame) -> None:
    """Write under another name, then rename: a reader never sees half a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    frame.write_parquet(draft, compression="zstd", compression_level=1)
    draft.replace(path)


def _live_month(step: Step, outage: Outage | None) -> pl.DataFrame:
    """What happens in one month. Returns the true risks, and chances to expand, at its start."""
    signs = read_signs(step.journal, step.people, step.lives, step.month)
    risks, may_grow = hazard(signs), considers(step.people.number, step.month)
    grows = np.where(may_grow, expansion(signs), 0.0)
    active = step.lives.status == ACTIVE
    expands = np.where(may_grow, risks.stays * grows, np.nan)
    persons = np.flatnonzero(active)
    truth = pl.DataFrame(
        {
            "person": persons,
            "as_of": np.full(len(persons), step.month.start),
            "risk_voluntary": risks.risk_voluntary[persons],
            "risk_payment": risks.risk_payment[persons],
            "cause": risks.cause[persons],
            "expansion": expands[persons],
        }
    )
    leaves = leave(step, risks)
    change(step, active & ~leaves, grows)
    bill(step)
    support(step, outage)
    contact(step)
    return truth
