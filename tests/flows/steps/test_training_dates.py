"""Which dates are learnt from."""

import pytest

from perdura.flows.steps.training_window import NothingLanded, training_dates
from tests.support.tables import at, events


def paid(*days: str, **tickets):
    return events(payments=[{"kind": "paid", "happened_at": day} for day in days], **tickets)


JUNE = at("2026-06-15")


def test_are_month_starts_from_a_month_after_the_history_began_and_the_end():
    dates = training_dates(paid("2026-02-10"), JUNE, months=36)
    assert dates == [at("2026-04-01"), at("2026-05-01"), at("2026-06-01"), JUNE]


def test_or_every_so_many_days_up_to_the_end():
    dates = training_dates(paid("2026-02-10"), JUNE, months=36, step_days=27)
    assert dates == [at("2026-03-26"), at("2026-04-22"), at("2026-05-19"), JUNE]


def test_begin_when_the_last_source_has_begun_to_speak():
    told = paid("2026-02-10", tickets=[{"kind": "opened", "happened_at": "2026-04-20"}])
    assert training_dates(told, JUNE, months=36) == [at("2026-06-01"), JUNE]


def test_go_back_so_many_months_at_most():
    dates = training_dates(paid("2020-02-10"), JUNE, months=2)
    assert dates == [at("2026-05-01"), at("2026-06-01"), JUNE]


def test_do_not_depend_on_what_became_known_later():
    later = paid("2026-02-10", tickets=[{"kind": "opened", "happened_at": "2026-08-01"}])
    assert training_dates(later, JUNE, 36) == training_dates(paid("2026-02-10"), JUNE, 36)


def test_are_none_before_the_history():
    with pytest.raises(NothingLanded, match="no event was known before 2026-06-15"):
        training_dates(paid("2026-08-01"), JUNE, months=36)
