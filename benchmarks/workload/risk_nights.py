"""A risk table of many nights: ``python -m benchmarks.workload.risk_nights HOME ROWS NIGHTS``."""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from benchmarks.memory import peak_bytes
from perdura.risk.table import publish

_FIRST = date(2026, 10, 1)


def main(home: str, rows: str, nights: str) -> None:
    """Publish night after night, each risk changed a little."""
    database = Path(home) / "data" / "risk.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    database.unlink(missing_ok=True)
    seconds = []
    for night in range(int(nights)):
        scores, day = _scores(int(rows), night), _FIRST + timedelta(days=night)
        start = perf_counter()
        publish(
            scores,
            f"sqlite:///{database.absolute()}",
            scored_on=day,
            model_version="1",
            now=datetime(day.year, day.month, day.day, 2, tzinfo=UTC),
        )
        seconds.append(perf_counter() - start)
    result = {"seconds": sum(seconds) / len(seconds), "peak": peak_bytes(), "rows": int(rows)}
    size = sum(file.stat().st_size for file in database.parent.iterdir())
    print(json.dumps(result | {"first": seconds[0], "last": seconds[-1], "bytes": size}))


def _scores(rows: int, night: int) -> pl.DataFrame:
    """Made-up scores with three reasons each."""
    rng = np.random.default_rng([11, night])
    risk = rng.beta(1, 20, rows)
    texts = [f"{n} payments failed in the last 90 days" for n in range(2, 50)]
    reasons = [{"signal": f"signal_{n % 12}", "text": text} for n, text in enumerate(texts)]
    pick = pl.Series(reasons, dtype=pl.Struct({"signal": pl.String, "text": pl.String}))
    three = pl.concat_list([pick.gather(rng.integers(0, len(texts), rows)) for _ in range(3)])
    return pl.DataFrame(
        {
            "subscriber_id": pl.Series(np.arange(rows)).cast(pl.String).str.pad_start(12, "0"),
            "state": pl.Series(["active"]).new_from_index(0, rows),
            "risk": risk,
            "risk_voluntary": risk,
            "risk_payment": np.zeros(rows),
            "mrr": rng.integers(999, 9_999, rows),
            "currency": pl.Series(["EUR"]).new_from_index(0, rows),
            "reasons": pl.select(three).to_series(),
            "action": pl.Series(["call"]).new_from_index(0, rows),
            "action_text": pl.Series(["Call them"]).new_from_index(0, rows),
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
