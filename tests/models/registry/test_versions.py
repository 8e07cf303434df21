"""Versions by hand, in a registry of a few lines: which one was champion, which one is tried."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from perdura.models.params import TrainingParams
from perdura.models.predictor.target import Question
from perdura.models.registry.log_run import flat_params
from perdura.models.registry.trial import NoTrial, RefusedVersion, best_refused
from perdura.models.registry.versions import (
    PROMOTED_AT,
    champion_at,
    label,
    model_names,
    versions,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
QUESTION = Question.of(TrainingParams())


@dataclass
class Version:
    """A version as MLflow's client gives it."""

    version: str
    tags: dict[str, str] = field(default_factory=dict)
    creation_timestamp: int = 0


class Page(list[Any]):
    """One page of results, and the token of the next."""

    token: str | None = None


@dataclass
class Registry:
    """What MLflow's client answers, two results a page."""

    found: list[Any]
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    def search_model_versions(self, query: str, page_token: str | None) -> Page:
        return self._page(query, page_token)

    def search_registered_models(self, query: str, page_token: str | None) -> Page:
        return self._page(query, page_token)

    def _page(self, query: str, token: str | None) -> Page:
        self.requests.append((query, token))
        start = int(token or 0)
        page = Page(self.found[start : start + 2])
        page.token = str(start + 2) if start + 2 < len(self.found) else None
        return page


def client_of(registry: Registry) -> "MlflowClient":
    return cast("MlflowClient", registry)


@dataclass
class Model:
    name: str


def promoted(number: str, days: float) -> Version:
    return Version(number, {PROMOTED_AT: (JUNE + timedelta(days=days)).isoformat()})


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("churn", "7", "7"),
        ("churn-silence-lead0-horizon90-grace0", "7", "churn-silence-lead0-horizon90-grace0/7"),
    ],
)
def test_a_version_is_called_by_its_number_and_of_another_model_by_both(name, number, expected):
    assert label(name, number) == expected


def test_versions_of_all_pages_come_oldest_first_by_number_and_not_by_text():
    registry = Registry([Version(number) for number in ("10", "9", "2", "1", "11")])
    assert [v.version for v in versions(client_of(registry), "churn")] == [
        "1",
        "2",
        "9",
        "10",
        "11",
    ]
    assert [token for _, token in registry.requests] == [None, "2", "4"]
    assert registry.requests[0][0] == "name = 'churn'"


def test_without_versions_one_page_is_read():
    registry = Registry([])
    assert versions(client_of(registry), "churn") == []
    assert len(registry.requests) == 1


def test_only_our_models_are_listed_and_churn_first():
    names = ["churn-silence-lead0-horizon90-grace0", "churners", "churn", "churn_old", "Churn"]
    registry = Registry([Model(name) for name in names])
    assert model_names(client_of(registry)) == [
        "churn",
        "churn-silence-lead0-horizon90-grace0",
    ]


@pytest.mark.parametrize(
    ("days", "champion"),
    [(-0.001, None), (0, "1"), (9.999, "1"), (10, "3"), (400, "3")],
)
def test_the_champion_of_a_moment_is_the_last_promoted_by_then(days, champion):
    registry = Registry([promoted("3", 10), Version("2"), promoted("1", 0)])
    assert champion_at(client_of(registry), "churn", JUNE + timedelta(days=days)) == champion


def test_of_two_promoted_at_one_moment_the_newer_counts():
    registry = Registry([promoted("9", 0), promoted("10", 0)])
    assert champion_at(client_of(registry), "churn", JUNE) == "10"


def test_a_version_older_than_the_tag_was_promoted_when_it_was_registered():
    millis = int(JUNE.timestamp() * 1000)
    old = Version("1", {"promoted": "true"}, millis)
    refused = Version("2", {"promoted": "false"}, millis)
    registry = Registry([old, refused])
    assert champion_at(client_of(registry), "churn", JUNE) == "1"
    assert champion_at(client_of(registry), "churn", JUNE - timedelta(milliseconds=1)) is None


def refused(number: str, skill: float, *, alarmed: bool = False) -> RefusedVersion:
    return RefusedVersion(number, "Refused.", skill, alarmed, "churn", number)


@pytest.mark.parametrize(
    ("found", "best"),
    [
        ([refused("1", 0.1), refused("2", 0.3), refused("3", 0.2)], "2"),
        ([refused("1", 0.3), refused("2", 0.3)], "2"),  # of equals the newest
        ([refused("1", -0.5), refused("2", -0.1)], "2"),
        ([refused("1", 0.1), refused("2", 0.9, alarmed=True)], "1"),
        ([refused("1", float("-inf"))], "1"),
    ],
)
def test_the_most_skilful_version_without_an_alarm_is_tried(found, best):
    assert best_refused(found, QUESTION).number == best


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "the 1 version that was refused failed"), (2, "the 2 versions that were refused failed")],
)
def test_versions_that_may_know_the_outcome_are_never_tried(count, said):
    found = [refused(str(k), 0.5, alarmed=True) for k in range(count)]
    with pytest.raises(NoTrial, match=said):
        best_refused(found, QUESTION)


def test_without_versions_the_question_is_named():
    with pytest.raises(NoTrial) as none:
        best_refused([], replace(QUESTION, horizon_days=60))
    assert "horizon_days 60" in str(none.value)
    assert "Run perdura train" in str(none.value)


def test_parameters_are_logged_flat_and_unset_ones_not_at_all():
    flat = flat_params(TrainingParams(horizon_days=60))
    assert flat["horizon_days"] == 60
    assert flat["booster.learning_rate"] == 0.04
    assert flat["booster.rising"] == ()
    assert not [name for name in flat if name.startswith("cause_booster")]
    assert "tuned" not in flat
    assert "booster" not in flat


def test_a_booster_for_the_causes_is_logged_beside():
    params = TrainingParams()
    flat = flat_params(replace(params, cause_booster=params.booster, tuned="As tuned."))
    assert flat["cause_booster.rounds"] == flat["booster.rounds"] == 600
    assert flat["tuned"] == "As tuned."


def test_the_question_is_read_back_from_the_parameters_of_a_run():
    for params in (TrainingParams(lead_days=7), TrainingParams(churn="silence", grace_days=30)):
        logged = {name: str(value) for name, value in flat_params(params).items()}
        assert Question.parsed(logged) == Question.of(params)
    with pytest.raises(KeyError):
        Question.parsed({"churn": "contract"})
    with pytest.raises(ValueError, match="invalid literal"):
        Question.parsed(
            {"churn": "contract", "lead_days": "0", "horizon_days": "a month", "grace_days": "0"}
        )
