"""What support is advised to do, and who must not be sold to."""

import polars as pl
import pytest

from perdura.models.scoring.advice import advise
from perdura.models.scoring.thresholds import Thresholds

AT = Thresholds(high=0.25, offer_from=0.10)
CALM = {"risk": 0.02, "state": "active", "tickets_escalated_open": 0.0, "offer": 0.3}


def advised(**facts: object) -> tuple[float | None, str]:
    row = pl.DataFrame([CALM | facts])
    return advise(row, AT).row(0)


def test_who_is_likely_to_want_more_and_has_no_trouble_gets_an_offer():
    assert advised() == (0.3, "offer")


@pytest.mark.parametrize(
    "trouble",
    [{"state": "past_due"}, {"tickets_escalated_open": 1.0}, {"risk": 0.25}],
    ids=["payment past due", "escalated ticket open", "high risk"],
)
def test_who_is_in_trouble_is_to_be_saved_and_gets_no_offer(trouble: dict[str, object]):
    assert advised(**trouble) == (None, "save")


@pytest.mark.parametrize("unknown", ["state", "tickets_escalated_open"])
def test_nor_does_anybody_of_whom_it_is_not_known(unknown: str):
    assert advised(**{unknown: None}) == (None, "leave_alone")
    row = pl.DataFrame([CALM]).drop(unknown)
    assert advise(row, AT).row(0) == (None, "leave_alone")


@pytest.mark.parametrize(("offer", "advice"), [(0.1, "offer"), (0.099, "leave_alone")])
def test_an_offer_is_due_from_the_threshold_on(offer: float, advice: str):
    assert advised(offer=offer) == (offer, advice)


@pytest.mark.parametrize(("risk", "advice"), [(0.25, "save"), (0.249, "leave_alone")])
def test_where_nobody_learnt_who_wants_more_there_are_no_offers(risk: float, advice: str):
    row = pl.DataFrame([CALM | {"risk": risk}]).drop("offer")
    assert advise(row, AT).row(0) == (None, advice)


@pytest.mark.parametrize(
    ("was_high", "risk", "advice"),
    [
        (True, 0.21, "save"),
        (True, 0.19, "offer"),
        (False, 0.21, "offer"),
        (None, 0.21, "offer"),
        (False, 0.25, "save"),
    ],
)
def test_who_stays_in_the_high_band_is_still_to_be_saved(
    was_high: bool | None, risk: float, advice: str
):
    assert advised(was_high=was_high, risk=risk)[1] == advice
