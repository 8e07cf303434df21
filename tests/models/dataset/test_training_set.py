"""Labelled feature rows: what was known then beside what became of people."""

from datetime import timedelta

import polars as pl

from perdura.models.dataset.later_months import LATER
from perdura.models.dataset.training_set import TrainingSet, build_training_set
from perdura.models.params import TrainingParams
from tests.models.dataset.test_labels import AS_OF, day, happened, paid, spine_of, tables
from tests.support.made_up import FAILED, PLAN

EVENTS = tables(
    subscriptions=[
        happened("started", -100, "ana", plan="pro"),
        happened("started", -50, "bea", "s2", plan="basic"),
        happened("ended", 10, "bea", "s2", reason="payment"),
    ],
    payments=[paid(-5, "bea", kind="failed"), paid(40, "ana")],
)
SPINE = pl.concat(
    [spine_of("bea", "ana"), spine_of("ana", as_of=AS_OF + timedelta(days=60))]
).with_columns(mrr=pl.Series([100, 200, 300]), plan=pl.lit("as billed"))


def build(params: TrainingParams | None = None, known_until: float = 60) -> TrainingSet:
    return build_training_set(
        EVENTS, (FAILED, PLAN), SPINE, params or TrainingParams(), known_until=day(known_until)
    )


def test_each_row_has_what_was_known_and_what_came():
    assert build().rows.drop("as_of", "owner", *LATER).rows() == [
        ("bea", 1, 1, "basic", True, "payment", False),
        ("ana", 0, 0, "pro", False, None, False),
        ("ana", 0, 0, "pro", None, None, None),
    ]


def test_rows_whose_outcome_is_open_stay_and_are_not_labelled():
    assert build(known_until=59).rows["churned"].to_list() == [None] * 3


def test_columns_of_the_spine_stay_beside_the_features_and_not_among_them():
    made = build()
    assert made.about.equals(SPINE)
    assert made.names == ["payments_failed_30d", "payments_failed_90d", "plan"]


def test_silence_is_labelled_by_payments():
    silence = TrainingParams(churn="silence", horizon_days=30)
    assert build(silence).rows["churned"].to_list() == [True, True, None]


def test_where_there_are_no_contracts_nobody_knows_who_chose_to_pay_more():
    silence = TrainingParams(churn="silence", horizon_days=30)
    assert build(silence).rows["expanded"].to_list() == [None] * 3


def merged(who: str, days: float, into: str) -> dict[str, object]:
    return {
        "subscriber_id": who,
        "happened_at": day(days),
        "kind": "merged",
        "merged_into": into,
    }


def labelled(people: tuple[str, ...], *merges: dict[str, object]) -> pl.DataFrame:
    rows = [happened("started", -100, who, who) for who in ("ana", "bea", "cleo")]
    events = tables(subscriptions=rows, merges=merges)
    return build_training_set(
        events, (PLAN,), spine_of(*people), TrainingParams(), known_until=day(60)
    ).rows.select("subscriber_id", "owner", "churned")


def test_each_row_says_who_the_account_lives_on_as():
    assert labelled(("ana", "bea", "cleo"), merged("bea", 8, "ana"))["owner"].to_list() == [
        "ana",
        "ana",
        "cleo",
    ]
    assert labelled(("ana", "bea"), merged("bea", 60, "ana"))["owner"].to_list() == ["ana", "bea"]


def test_of_two_accounts_of_one_person_only_the_one_that_lives_on_is_labelled():
    rows = labelled(("ana", "bea", "cleo"), merged("ana", 8, "bea"))
    assert rows["churned"].to_list() == [None, False, False]


def test_where_the_account_that_lives_on_was_not_there_yet_the_least_id_is_labelled():
    rows = labelled(("bea", "ana"), merged("ana", 8, "cleo"), merged("bea", 9, "cleo"))
    assert rows["churned"].to_list() == [None, False]


def test_progress_is_told_table_by_table():
    told = []
    build_training_set(
        EVENTS,
        (FAILED,),
        SPINE,
        TrainingParams(),
        known_until=day(60),
        progress=lambda *step: told.append(step),
    )
    assert told[0] == (0, 1, "payments")
