"""Buckets: every id in one, the same for ever, about as many in each."""

from uuid import UUID

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.landing.partition import BUCKETS, Part, buckets

WORD = 2**64


def by_hand(text: str) -> int:
    """FNV-1a, 64 bits, then the end of MurmurHash3; the top eight bits."""
    bits = 0xCBF29CE484222325
    for byte in text.encode():
        bits = (bits ^ byte) * 0x100000001B3 % WORD
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        bits = (bits ^ bits >> 33) * factor % WORD
    return bits >> 56


def told(*ids: str | None) -> list[int]:
    return buckets(pl.Series(ids, dtype=pl.String)).to_list()


def test_files_were_written_with_these_buckets_so_they_may_never_change():
    known = [239, 33, 246, 124, 150, 63, 24]
    assert told("", "ada", "bob", "1", "s00000042", "Zoë", "顧客一") == known


@given(st.lists(st.text() | st.none(), max_size=9), st.integers(0, 3))
def test_a_bucket_is_told_by_the_text_alone(ids: list[str | None], skipped: int):
    whole = pl.Series("who", ids, dtype=pl.String)
    expected = [0 if text is None else by_hand(text) for text in ids]
    assert buckets(whole).to_list() == expected
    assert buckets(whole.slice(skipped)).to_list() == expected[skipped:]
    assert buckets(pl.concat([whole, whole], rechunk=False)).to_list() == 2 * expected
    assert buckets(whole).dtype == pl.UInt8


@pytest.mark.parametrize(
    "ids",
    [
        pl.Series([f"{n}" for n in range(100_000)]),
        pl.Series([f"cus_{n:09}" for n in range(0, 10_000_000, 100)]),
        pl.Series([str(UUID(int=n * 2**60 + n)) for n in range(100_000)]),
        pl.Series([f"name{n}@example.com" for n in range(100_000)]),
    ],
    ids=["numbers", "customers", "uuids", "addresses"],
)
def test_ids_of_any_make_are_dealt_evenly(ids: pl.Series):
    counts = buckets(ids).value_counts()["count"]
    assert len(counts) == BUCKETS
    mean = len(ids) / BUCKETS
    # As chance would: the spread of a fair deal is the root of the mean.
    assert ((counts - mean) ** 2 / mean).sum() < 1.4 * BUCKETS
    assert counts.is_between(0.75 * mean, 1.25 * mean).all()


@given(st.integers(1, 300))
def test_parts_together_have_every_bucket_once(of: int):
    parts = [Part(number, of) for number in range(of)]
    held = [bucket for part in parts for bucket in range(part.first, part.end)]
    assert held == list(range(BUCKETS))
    sizes = {part.end - part.first for part in parts}
    assert max(sizes) - min(sizes) <= 1


def test_a_part_has_its_buckets_and_no_others():
    all_buckets = pl.DataFrame({"bucket": range(BUCKETS)})
    held = all_buckets.filter(Part(1, 3).has(pl.col("bucket")))["bucket"].to_list()
    assert held == list(range(85, 170))


@pytest.mark.parametrize(("number", "of"), [(3, 3), (-1, 3), (0, 0)])
def test_there_is_no_part_beyond_the_last(number: int, of: int):
    with pytest.raises(ValueError, match="they count from 0"):
        Part(number, of)
