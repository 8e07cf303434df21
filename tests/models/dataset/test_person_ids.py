"""Persons under several accounts: one number, one part, one label at a date."""

from datetime import timedelta
from hashlib import blake2b

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.dataset.person_ids import (
    labelled_once,
    person_column,
    person_numbers,
    some_people,
    with_owners,
)
from tests.models.dataset.test_labels import AS_OF

#: Every row, as a condition of each.
EVERY = pl.col("subscriber_id").is_not_null()
IDS = st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=20)


@given(ids=IDS)
def test_a_persons_number_is_that_of_the_id_alone(ids):
    found = person_numbers(pl.Series(ids))
    expected = [int.from_bytes(blake2b(i.encode(), digest_size=8).digest(), "big") for i in ids]
    assert found.dtype == np.uint64
    assert found.tolist() == expected


def test_numbers_are_the_same_in_every_year():
    assert person_numbers(pl.Series(["ann"])).tolist() == [int.from_bytes(
        bytes.fromhex(blake2b(b"ann", digest_size=8).hexdigest()), "big"
    )]  # fmt: skip
    assert len(set(person_numbers(pl.Series(map(str, range(2_000)))).tolist())) == 2_000


@pytest.mark.parametrize(
    ("columns", "expected"),
    [(["subscriber_id"], "subscriber_id"), (["subscriber_id", "owner"], "owner")],
)
def test_the_person_is_the_owner_where_one_is_known(columns, expected):
    assert person_column(pl.DataFrame({name: ["a"] for name in columns})) == expected


def test_an_account_that_was_never_merged_owns_itself():
    rows = pl.DataFrame({"subscriber_id": ["c", "a", "b", "a"], "n": [1, 2, 3, 4]})
    links = pl.DataFrame({"subscriber_id": ["a"], "owner": ["b"]})
    found = with_owners(rows, links)
    assert found["owner"].to_list() == ["c", "b", "b", "b"]
    assert found.drop("owner").equals(rows)
    assert with_owners(rows, links.head(0))["owner"].to_list() == ["c", "a", "b", "a"]


def slow_labelled(rows: list[dict[str, object]]) -> list[object]:
    """The label of each row: kept in the owner's row, or in the least account's."""
    kept: list[object] = []
    for row in rows:
        beside = [r for r in rows if (r["owner"], r["as_of"]) == (row["owner"], row["as_of"])]
        accounts = [str(r["subscriber_id"]) for r in beside]
        bearer = row["owner"] if row["owner"] in accounts else min(accounts)
        kept.append(row["churned"] if row["subscriber_id"] == bearer else None)
    return kept


@given(
    pairs=st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(0, 1)), min_size=1, max_size=8, unique=True
    ),
    owners=st.lists(st.sampled_from("abcde"), min_size=4, max_size=4),
)
def test_one_account_of_a_person_keeps_the_label_of_a_date(pairs, owners):
    owner = dict(zip("abcd", owners, strict=True))
    rows = pl.DataFrame(
        [
            {
                "subscriber_id": account,
                "owner": owner[account],
                "as_of": AS_OF + timedelta(days=30 * month),
                "churned": True,
                "cause": "payment",
                "expanded": False,
                "months_known": 3,
                "left_month": 1,
                "plan": "pro",
            }
            for account, month in pairs
        ]
    )
    found = labelled_once(rows)
    expected = slow_labelled(rows.to_dicts())
    assert found["churned"].to_list() == expected
    for name in ("cause", "expanded", "months_known", "left_month"):
        assert (found[name].is_null() == found["churned"].is_null()).all()
    assert found.select("subscriber_id", "owner", "as_of", "plan").equals(
        rows.select("subscriber_id", "owner", "as_of", "plan")
    )
    by_person = found.filter(pl.col("churned").is_not_null()).select("owner", "as_of")
    assert by_person.is_unique().all()
    assert by_person.height == rows.select("owner", "as_of").n_unique()


def test_rows_without_labels_may_be_given_too():
    rows = pl.DataFrame({"subscriber_id": ["a", "b"], "owner": ["b", "b"], "as_of": [AS_OF] * 2})
    assert labelled_once(rows).equals(rows)


def people(count: int, dates: int = 3) -> pl.DataFrame:
    return pl.DataFrame(
        [(f"s{k}", AS_OF + timedelta(days=30 * d), d) for k in range(count) for d in range(dates)],
        schema=["subscriber_id", "as_of", "date"],
        orient="row",
    )


def test_where_rows_are_few_all_are_taken_that_are_meant():
    rows = people(10)
    assert some_people(rows, 20, pl.col("date") > 0).equals(rows.filter(pl.col("date") > 0))
    assert some_people(rows, 10**9, EVERY).equals(rows)


def test_where_rows_are_many_some_people_are_taken_with_all_their_rows():
    rows = people(3_000)
    found = some_people(rows, 2_000, pl.col("date") != 1)
    assert found.height == pytest.approx(2_000, rel=0.1)
    assert set(found["date"]) == {0, 2}
    assert (found.group_by("subscriber_id").len()["len"] == 2).all()
    assert found["subscriber_id"].is_in(rows["subscriber_id"].implode()).all()


def test_which_people_are_taken_does_not_depend_on_their_outcomes_or_on_the_others():
    few, many = (
        set(some_people(people(count), count * 3 // 2, EVERY)["subscriber_id"])
        for count in (1_000, 2_000)
    )
    assert few == {name for name in many if int(name[1:]) < 1_000}


def test_accounts_of_one_owner_are_taken_together():
    rows = people(600).with_columns(
        owner=pl.concat_str(pl.lit("o"), pl.col("subscriber_id").str.slice(1).str.head(2))
    )
    found = some_people(rows, 900, EVERY)
    taken = set(found["owner"])
    assert 0 < len(taken) < rows["owner"].n_unique()
    assert found.equals(rows.filter(pl.col("owner").is_in(list(taken))))


def test_of_no_rows_none_are_taken():
    rows = people(0)
    assert some_people(rows, 10, EVERY).is_empty()
