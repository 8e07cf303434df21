"""Whom support contacted: left out of learning, so that the saved do not teach that all is well."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from perdura.features.build import build_features
from perdura.features.catalogue import to_measure
from perdura.features.topics.contacts import CONTACT_COLUMNS, CONTACT_FEATURES
from perdura.models.dataset.labels import contacted_before_settled, contract_labels, silence_labels
from perdura.models.dataset.outcomes import label_spine
from perdura.models.dataset.sampling import outcome_counts, sampling_of
from perdura.models.dataset.training_set import TrainingSet, build_training_set
from perdura.models.experiment.contact_outcomes import outcomes
from perdura.models.experiment.effect import BOTH, effect
from perdura.models.params import TrainingParams
from perdura.models.reports.importance import column_importance
from perdura.models.scoring.attribution import attribute
from perdura.models.training.train import fit_and_evaluate, train
from perdura.sources.events import EVENT_TABLES, MOMENT
from perdura.sources.merges import Events
from tests.models.dataset.test_labels import day, happened, paid, spine_of, tables
from tests.models.experiment.test_effect import began, done
from tests.support.made_up import FAILED, FIRST, PARAMS, trained, training_set

AS_OTHERS = replace(PARAMS, contacted="features")


def is_touched(
    *contacts: dict[str, object], then: tuple[dict[str, object], ...] = (), known_until: float = 99
) -> bool:
    """Whether what support did may have changed the label of ana at day 0."""
    events = tables(subscriptions=[*began("ana"), *then], contacts=contacts)
    window = {"lead_days": 0, "horizon_days": 30, "grace_days": 30}
    until = day(known_until)
    labels = contract_labels(events, spine_of("ana"), **window, known_until=until)
    return contacted_before_settled(events, labels, reach_days=30, known_until=until).item()


@pytest.mark.parametrize("kind", ["contacted", "offered"])
@pytest.mark.parametrize(
    ("when", "may"), [(-30.01, False), (-30, True), (0, True), (29.99, True), (30, False)]
)
def test_a_contact_may_change_what_comes_from_a_reach_before_until_the_window_closes(
    kind, when, may
):
    assert is_touched(done(kind, when)) is may


def test_who_was_held_out_was_left_alone():
    assert not is_touched(done("held_out", 5))
    assert is_touched(done("held_out", 5), done("contacted", 6))


@pytest.mark.parametrize(("when", "may"), [(9, True), (10, False), (12, False)])
def test_a_call_after_somebody_left_has_changed_nothing(when, may):
    left = happened("cancel_scheduled", 10, "ana", "ana")
    assert is_touched(done("contacted", when), then=(left,)) is may


@pytest.mark.parametrize(("when", "may"), [(29, True), (33, True), (35, False)])
def test_a_call_before_somebody_came_back_may_have_brought_them_back(when, may):
    left = happened("cancel_scheduled", 28, "ana", "ana")
    back = happened("cancel_withdrawn", 35, "ana", "ana")
    assert is_touched(done("contacted", when), then=(left, back)) is may


def test_a_contact_that_was_told_later_counts_once_it_is_known():
    late = done("contacted", 5, known_at=day(70))
    assert is_touched(late, known_until=71)
    assert not is_touched(late, known_until=70)


@pytest.mark.parametrize(("when", "may"), [(19, True), (20, False)])
def test_a_call_after_somebody_paid_has_not_broken_their_silence(when, may):
    pays = [paid(-9), paid(20)]
    events = tables(payments=pays, contacts=[done("contacted", when)])
    window = {"lead_days": 0, "horizon_days": 90, "known_until": day(99)}
    labels = silence_labels(events, spine_of("ana"), **window)
    assert contacted_before_settled(
        events, labels, reach_days=30, known_until=day(99)
    ).to_list() == [may]


PEOPLE = ("ana", "bea", "cleo", "dora")
MARKS = [
    done("contacted", 5, "ana"),
    done("held_out", 5, "bea"),
    done("offered", -5, "cleo"),
]


def labelled(params: TrainingParams, **more: list[dict[str, object]]) -> pl.DataFrame:
    left = happened("ended", 9, "bea", "bea")
    events = tables(subscriptions=[*began(*PEOPLE), left], **more)
    return label_spine(events, spine_of(*PEOPLE), params, known_until=day(99))


def test_contacted_rows_stay_unlabelled_and_are_counted_and_the_held_out_are_kept():
    rows = labelled(PARAMS, contacts=MARKS)
    assert rows["churned"].to_list() == [None, True, None, False]
    assert rows["cause"].to_list() == [None, "voluntary", None, None]
    counts = outcome_counts(rows, PARAMS)
    assert sampling_of([counts, counts], PARAMS).left_out == 4


def test_a_contact_with_one_account_is_one_with_the_person():
    merged = {
        "subscriber_id": "dora",
        "happened_at": day(8),
        "kind": "merged",
        "merged_into": "eve",
    }
    rows = labelled(PARAMS, contacts=[done("contacted", 5, "eve")], merges=[merged])
    assert rows["churned"].to_list() == [False, True, False, None]


@pytest.mark.parametrize(
    ("offered", "learnt"), [(-31, True), (-30, None), (40, None), (44.99, None), (45, True)]
)
def test_who_took_what_support_offered_teaches_nothing_of_who_would_anyway(offered, learnt):
    price = {"mrr": 1000, "plan": "basic", "currency": "EUR"}
    dearer = price | {"mrr": 2000, "plan": "plus"}
    rises = [
        happened("started", -100, **price),
        happened("plan_changed", 45, **dearer),  # within 60 days, after the window of leaving
    ]
    events = tables(subscriptions=rises, contacts=[done("offered", offered)])
    told = label_spine(events, spine_of("ana"), PARAMS, known_until=day(99))
    assert told["expanded"].item() is learnt


def test_in_later_months_people_count_as_support_treats_them():
    """Those called are those who came into trouble: without them the others stay for ever."""
    calls = [done("contacted", 40, who) for who in ("ana", "bea")]
    left = happened("ended", 45, "ana", "ana")
    events = tables(subscriptions=[*began("ana", "bea"), left], contacts=calls)
    told = label_spine(events, spine_of("ana", "bea"), PARAMS, known_until=day(99))
    assert told["months_known"].to_list() == [2, 2]
    assert told["churned"].to_list() == [False, False]
    assert told["left_month"].to_list() == [1, None]


def test_with_features_they_are_learnt_from_as_others_are():
    assert labelled(AS_OTHERS, contacts=MARKS).equals(labelled(PARAMS))
    assert labelled(AS_OTHERS, contacts=MARKS)["left_out"].sum() == 0


def test_what_support_did_is_measured_as_it_was_known():
    events = tables(
        contacts=[
            done("contacted", -40),
            done("offered", -20),
            done("held_out", -10, "bea"),
            done("contacted", -1, known_at=day(0)),
            done("contacted", 3),
        ]
    )
    built = build_features(events, CONTACT_FEATURES, spine_of("ana", "bea")).drop("as_of")
    assert built.rows() == [("ana", 1, 2, 1, 20, None), ("bea", 0, 0, 0, None, 10)]


CONTACTED_COLUMNS = tuple(column for feature in CONTACT_FEATURES for column in feature.columns)


def with_contacts() -> TrainingSet:
    """The made-up company, where whoever was called a month ago has failed to pay since."""
    rows = training_set()
    columns = {name: pl.col("payments_failed_30d") for name in CONTACT_COLUMNS}
    return replace(
        rows, rows=rows.rows.with_columns(**columns), columns=(*rows.columns, *CONTACTED_COLUMNS)
    )


def test_what_support_did_is_never_a_reason():
    rows = with_contacts()
    model = train(rows, PARAMS).model
    used = column_importance(model, rows.columns).filter(pl.col("column").is_in(CONTACT_COLUMNS))
    assert used["share"].sum() > 0
    weighed = attribute(model, rows.rows.select(rows.names), rows.columns)
    said = {rows.columns[place].name for place in weighed.column}
    assert "payments_failed_30d" in said
    assert CONTACT_COLUMNS.isdisjoint(said)


def test_a_champion_that_does_not_know_what_support_did_is_still_compared_with():
    challenged = train(with_contacts(), PARAMS, champion=trained().model)
    assert challenged.metrics_by_model["champion"] == trained().metrics_by_model["model"]


def test_without_the_setting_what_support_did_is_not_measured():
    measured = {column.name for feature in to_measure(contacts=False) for column in feature.columns}
    assert CONTACT_COLUMNS.isdisjoint(measured)


# A company in which three in ten have trouble at a date, and three in ten of these leave. Support
# calls six in ten of the troubled, drawn by lot, and holds out the others; nearly all whom it
# calls in time stay as if nothing had been wrong.
TROUBLED, LEAVE, QUIET = 0.3, 0.3, 0.03
CALLED, SAVED = 0.6, 0.9


def saving_company(people: int = 500, dates: int = 14) -> tuple[Events, pl.DataFrame]:
    """Its events, and every person once, at a date of their own, with what was the matter."""
    rng = np.random.default_rng(0)
    n = people * dates
    troubled = rng.random(n) < TROUBLED
    called = troubled & (rng.random(n) < CALLED)
    saved = called & (rng.random(n) < SAVED)
    leaves = rng.random(n) < np.where(troubled & ~saved, LEAVE, QUIET)
    everybody = pl.DataFrame(
        {
            "subscriber_id": [f"p{i:05}" for i in range(n)],
            "as_of": [FIRST + timedelta(days=30 * (i // people)) for i in range(n)],
            "troubled": troubled,
            "called": called,
            "leaves": leaves,
            "after": rng.uniform(3, 28, n),
        },
        schema_overrides={"as_of": MOMENT},
    )

    def told(who: str, kind: pl.Expr | str, after: pl.Expr | float, **own: pl.Expr) -> pl.DataFrame:
        moment = pl.col("as_of") + pl.duration(seconds=after * 86_400)
        kind = pl.lit(kind) if isinstance(kind, str) else kind
        return everybody.filter(pl.col(who) if who else True).select(
            "subscriber_id", kind=kind, happened_at=moment, known_at=moment, **own
        )

    sold = {"subscription_id": pl.col("subscriber_id")}
    mark = pl.when("called").then(pl.lit("contacted")).otherwise(pl.lit("held_out"))
    rows = {
        "subscriptions": [
            told("", "started", -40.0, **sold),
            told("leaves", "ended", pl.col("after"), **sold),
        ],
        "payments": [told("troubled", "failed", -5.0)],
        "contacts": [told("troubled", mark, 1.0)],
    }
    empty = {table.name: pl.DataFrame(schema=table.schema) for table in EVENT_TABLES}
    events = {
        name: pl.concat([frame, *rows.get(name, [])], how="diagonal").lazy()
        for name, frame in empty.items()
    }
    return events, everybody


EVENTS, EVERYBODY = saving_company()
KNOWN = FIRST + timedelta(days=14 * 30 + 60)


def risk_of_the_held_out(params: TrainingParams) -> tuple[float, float]:
    """What the model says of the troubled whom nobody called, and how many of them left."""
    spine = EVERYBODY.select("subscriber_id", "as_of")
    rows = build_training_set(EVENTS, (FAILED,), spine, params, known_until=KNOWN)
    made = fit_and_evaluate(rows, params, lambda _done, _of, _what: None)
    alone = EVERYBODY.filter("troubled", ~pl.col("called"))
    evaluated = made.test_rows.join(alone, on="subscriber_id", how="semi")
    return evaluated["risk"].mean(), evaluated["churned"].mean()  # pyright: ignore[reportReturnType]


def test_the_saved_do_not_teach_that_trouble_is_harmless():
    honest, left = risk_of_the_held_out(PARAMS)
    fooled, left_too = risk_of_the_held_out(AS_OTHERS)
    assert left == left_too == pytest.approx(LEAVE, abs=0.06)
    assert honest == pytest.approx(LEAVE, abs=0.06)
    assert fooled < 0.2


def test_what_saving_did_is_what_effect_says():
    people = outcomes(EVENTS, PARAMS, since=None, known_until=KNOWN)
    told = effect(people, horizon_days=30, since=None, known_until=KNOWN)
    stayed = 1 - (SAVED * QUIET + (1 - SAVED) * LEAVE)
    assert told.arms[BOTH].share == pytest.approx(stayed, abs=0.02)
    compared = told.compared[BOTH]
    assert 0 < compared.low < stayed - (1 - LEAVE) < compared.high
