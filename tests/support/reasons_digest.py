"""A process that says how many cores it uses, and a digest of scores and reasons made on them."""

import sys
from hashlib import sha256
from pathlib import Path

import polars as pl

from perdura.models.boosting.row_blocks import ROWS, cores
from perdura.models.predictor.churn_model import ChurnModel
from perdura.models.scoring.attribution import attribute
from perdura.models.scoring.reasons import in_words
from tests.support.made_up import COLUMNS, training_set

#: Subscribers, a row each on two days: three blocks of rows, the last of them short.
PEOPLE = ROWS + 1_000


def digest(model: ChurnModel, frame: pl.DataFrame) -> str:
    """Of every bit of the scores and the reasons as numbers, and of the reasons in words."""
    weighed = attribute(model, frame, COLUMNS)
    assert weighed.cause_score is not None
    found = sha256()
    for numbers in (
        weighed.score,
        weighed.cause_score,
        weighed.count,
        weighed.weight,
        weighed.signal,
        weighed.column,
    ):
        found.update(numbers.tobytes())
    words = in_words(weighed, model, frame, COLUMNS).to_frame()
    found.update(words.write_ndjson().encode())
    return found.hexdigest()


def main(folder: str) -> None:
    """Print both, of the model that was saved in ``folder``."""
    model = ChurnModel.load(Path(folder))
    frame = training_set(people=PEOPLE, dates=2).rows.select(model.contract.names)
    sys.stdout.write(f"{cores()} {digest(model, frame)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
