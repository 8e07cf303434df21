"""Trials in a study: the first as given, the rest by the seed, an interruption drawn again."""

from pathlib import Path

import pytest

from perdura.models.params import BoosterParams
from perdura.models.tuning.search_space import Values, mistakes, values_of, with_values
from perdura.models.tuning.study import Study, study_in

DEFAULTS = values_of(BoosterParams())
OTHER = values_of(BoosterParams(num_leaves=9, max_depth=4))


def run(file: Path, count: int, *, seed: int = 0, first=(DEFAULTS,), name: str = "rows"):
    """So many trials, each of two folds; what was tried by then."""
    with study_in(file, name, seed, first) as study:
        for _ in range(count):
            complete_one(study)
        return study.tried


def complete_one(study: Study, loss: float = 0.3) -> None:
    with study.one_more() as trial:
        for fold in range(2):
            trial.fold(loss + fold / 10, trees=5, worse=0.0)
        trial.complete(gain=0.01, error=0.002)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "tuning.db"


def test_a_trial_keeps_what_it_was_told(file):
    (tried,) = run(file, 1)
    assert tried.values == DEFAULTS
    assert tried.losses == (0.3, pytest.approx(0.4))
    assert tried.trees == (5, 5)
    assert (tried.gain, tried.error) == (0.01, 0.002)
    assert tried.seconds >= 0


def test_given_values_come_first_in_their_order_and_once_each(file):
    tried = run(file, 4, first=(DEFAULTS, OTHER))
    assert [trial.values for trial in tried[:2]] == [DEFAULTS, OTHER]
    assert DEFAULTS not in [trial.values for trial in tried[2:]]


def test_every_trial_lies_in_the_space(file):
    tried = run(file, 6)
    assert len({tuple(trial.values.items()) for trial in tried}) == 6
    for trial in tried:
        assert mistakes(trial.values) == []
        assert values_of(with_values(BoosterParams(), trial.values)) == trial.values


def test_a_study_is_continued_as_if_it_had_never_stopped(file, tmp_path):
    run(file, 2)
    continued = run(file, 3)
    at_once = run(tmp_path / "other.db", 5)
    assert [trial.values for trial in continued] == [trial.values for trial in at_once]


def test_another_seed_or_name_tries_otherwise(file, tmp_path):
    one = run(file, 3)
    other = run(tmp_path / "other.db", 3, seed=1)
    assert one[0].values == other[0].values == DEFAULTS
    assert [trial.values for trial in one] != [trial.values for trial in other]
    assert len(run(file, 1, name="other rows")) == 1


def failing(study: Study, drawn: list[Values]) -> None:
    """One trial that ends in an error, after its values were drawn."""
    with study.one_more() as trial:
        drawn.append(trial.values)
        raise RuntimeError("no memory")


def test_a_trial_that_ends_in_an_error_is_left_out_and_drawn_again(file, tmp_path):
    drawn: list[Values] = []
    with study_in(file, "rows", 0, (DEFAULTS,)) as study:
        complete_one(study)
        with pytest.raises(RuntimeError, match="no memory"):
            failing(study, drawn)
        assert [trial.values for trial in study.tried] == [DEFAULTS]
        complete_one(study)
        assert study.tried[1].values == drawn[0]
    undisturbed = run(tmp_path / "other.db", 2)
    assert undisturbed[1].values == drawn[0]


def test_an_interrupted_default_is_tried_first_again(file):
    with (
        study_in(file, "rows", 0, (DEFAULTS, OTHER)) as study,
        pytest.raises(KeyboardInterrupt),
        study.one_more(),
    ):
        raise KeyboardInterrupt
    assert [trial.values for trial in run(file, 2, first=(DEFAULTS, OTHER))] == [DEFAULTS, OTHER]


def test_a_trial_that_is_not_completed_is_pruned(file):
    with study_in(file, "rows", 0, (DEFAULTS,)) as study:
        with study.one_more() as trial:
            trial.fold(0.5, trees=3, worse=0.2)
            assert trial.log_loss is None
        (tried,) = study.tried
    assert tried.pruned
    assert tried.losses == (0.5,)


def test_a_trial_that_is_worse_than_the_median_of_five_is_to_be_pruned(file):
    with study_in(file, "rows", 0, (DEFAULTS,)) as study:
        for _ in range(5):
            complete_one(study)
        with study.one_more() as trial:
            assert trial.fold(0.9, trees=3, worse=0.5)
        with study.one_more() as trial:
            assert not trial.fold(0.1, trees=3, worse=-0.5)
