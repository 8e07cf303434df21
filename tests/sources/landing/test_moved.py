"""Accounts that merges tie together: near or far, they are where the least of their ids is."""

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.landing.moved import least_linked_ids
from perdura.sources.landing.partition import BUCKET, BUCKETS, Part, buckets

links = st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")), max_size=10)


def spread(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The least id that each reaches, by going from neighbour to neighbour."""
    ids = {one for pair in pairs for one in pair}
    found = {}
    for start in ids:
        reached, before = {start}, set()
        while reached != before:
            before = set(reached)
            reached |= {b for a, b in pairs if a in before} | {a for a, b in pairs if b in before}
        found[start] = min(reached)
    return found


@given(links)
def test_each_id_is_tied_to_the_least_that_links_lead_to_in_either_direction(pairs):
    assert least_linked_ids(pairs) == spread(pairs)


@given(pairs=links, seed=st.randoms())
def test_the_order_of_the_links_is_no_matter(pairs, seed):
    shuffled = [*pairs]
    seed.shuffle(shuffled)
    assert least_linked_ids(shuffled) == least_linked_ids(pairs)


def test_a_long_chain_is_followed_to_its_end():
    ids = [f"{number:05}" for number in range(5000)]
    chain = [*zip(ids[1:], ids, strict=False)]
    assert set(least_linked_ids(chain[::-1]).values()) == {"00000"}


@given(ids=st.lists(st.text(max_size=8)), count=st.integers(1, BUCKETS))
def test_each_subscriber_is_in_exactly_one_part(ids, count):
    frame = pl.DataFrame({"id": pl.Series(ids, dtype=pl.String)})
    frame = frame.with_columns(buckets(frame["id"]))
    parts = [frame.filter(Part(n, count).has(pl.col(BUCKET)))["id"].to_list() for n in range(count)]
    assert sorted(one for part in parts for one in part) == sorted(ids)


@pytest.mark.parametrize(("number", "count"), [(-1, 2), (2, 2), (0, 0)])
def test_a_part_that_is_not_there_is_refused_in_words(number: int, count: int):
    with pytest.raises(ValueError, match=f"asked for part {number} of {count}; they count from 0"):
        Part(number, count)
