"""A process that publishes a night when told to, and kills itself (signal 9) where told to."""

import os
import signal
import sys
from datetime import date

import polars as pl

from perdura.risk.table import publish

ROWS, ROWS_AT_A_TIME = 20_001, 5_000


def night(version: str) -> pl.DataFrame:
    """Scores for subscribers 0, 1, 2 ...: the higher, the riskier."""
    reason = pl.struct(signal=pl.lit("version"), text=pl.lit(version))
    who = pl.int_range(ROWS)
    return pl.select(
        subscriber_id=who.cast(pl.String),
        state=pl.lit("active"),
        risk=who / ROWS,
        risk_voluntary=who / ROWS,
        risk_payment=pl.lit(0.0),
        mrr=pl.lit(1000),
        currency=pl.lit("EUR"),
        reasons=pl.concat_list(reason),
        action=pl.lit("call"),
        action_text=pl.lit("Call"),
    )


def main(url: str, scored_on: str, version: str, step: str) -> None:
    """Say "ready", wait for a line, publish. ``step`` is where to die, e.g. ``inserting 0``."""

    def tell(done: int, _total: int, what: str) -> None:
        if f"{what} {done}" == step:
            os.kill(os.getpid(), signal.SIGKILL)

    scores = night(version)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    day = date.fromisoformat(scored_on)
    publish(
        scores,
        url,
        scored_on=day,
        model_version=version,
        progress=tell,
        rows_at_a_time=ROWS_AT_A_TIME,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
