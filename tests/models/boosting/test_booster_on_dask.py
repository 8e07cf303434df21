"""Trees grown by several workers together are as good as those of one machine."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from sklearn.metrics import log_loss, roc_auc_score

from perdura.models.boosting.booster import Examples, booster_text, fit_booster
from perdura.models.boosting.booster_on_dask import NoSuchCluster, fit_booster_on_cluster
from perdura.models.dataset.split import split_rows
from perdura.models.training.churn import encode
from tests.support.made_up import NAMES, PARAMS, trained, training_set

SPLIT = split_rows(training_set(people=1500).rows, PARAMS)
PAST, LATER, JUDGED = (
    encode(trained().model.contract, part).leaving for part in SPLIT.parts.values()
)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def dealt(client: Any, past: Examples = PAST, parts: int = 4) -> list[Any]:
    """The rows in parts, on the workers in turn."""
    workers = sorted(client.nthreads())
    return [
        client.scatter(
            replace(past, matrix=past.matrix[part::parts], happened=past.happened[part::parts]),
            workers=[workers[part % len(workers)]],
            hash=False,
        )
        for part in range(parts)
    ]


def scores(booster) -> np.ndarray:
    return 1 / (1 + np.exp(-np.asarray(booster.predict(JUDGED.matrix, raw_score=True))))


def test_two_workers_fit_as_good_a_model_as_one_machine_and_stop_early(client):
    here = fit_booster(PAST, LATER, NAMES, PARAMS.booster)
    there = fit_booster_on_cluster(client, dealt(client), LATER, NAMES, PARAMS.booster)
    assert there.num_trees() < PARAMS.booster.rounds
    ours, theirs = scores(here), scores(there)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.97
    assert roc_auc_score(JUDGED.happened, theirs) == pytest.approx(
        roc_auc_score(JUDGED.happened, ours), abs=0.01
    )
    assert log_loss(JUDGED.happened, theirs) == pytest.approx(
        log_loss(JUDGED.happened, ours), abs=0.003
    )


def test_the_same_rows_in_the_same_places_give_the_same_text(client):
    texts = {
        booster_text(fit_booster_on_cluster(client, dealt(client), LATER, NAMES, PARAMS.booster))
        for _ in range(2)
    }
    assert len(texts) == 1
    assert "127.0.0.1" not in texts.pop()


def test_with_all_rows_on_one_worker_it_is_the_model_of_one_machine(client):
    there = fit_booster_on_cluster(client, dealt(client, parts=1), LATER, NAMES, PARAMS.booster)
    assert booster_text(there) == booster_text(fit_booster(PAST, LATER, NAMES, PARAMS.booster))


def test_missing_stayers_are_made_up_for(client):
    kept = (PAST.happened > 0) | (np.arange(len(PAST.happened)) % 5 == 0)
    thin = Examples(PAST.matrix[kept], PAST.happened[kept], share=1 / 5)
    there = fit_booster_on_cluster(client, dealt(client, thin), LATER, NAMES, PARAMS.booster)
    everybody = fit_booster(PAST, LATER, NAMES, PARAMS.booster)
    assert scores(there).mean() == pytest.approx(scores(everybody).mean(), abs=0.015)


def test_workers_that_share_a_process_are_refused():
    with (
        LocalCluster(n_workers=2, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
        pytest.raises(NoSuchCluster, match="processes=True"),
    ):
        fit_booster_on_cluster(client, dealt(client), LATER, NAMES, PARAMS.booster)
