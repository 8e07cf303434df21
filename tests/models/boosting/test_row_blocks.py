"""Blocks of rows: every row once, results in order, however many cores there are."""

from threading import get_ident
from time import sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.boosting.row_blocks import ROWS, cores, in_blocks


@given(st.integers(0, 40), st.integers(1, 15))
def test_each_row_is_in_one_block_and_blocks_are_in_order(rows, block_rows):
    blocks = in_blocks(rows, lambda start, stop: (start, stop), block_rows=block_rows)
    assert [row for start, stop in blocks for row in range(start, stop)] == list(range(rows))
    assert all(0 < stop - start <= block_rows for start, stop in blocks)


@given(st.integers(0, 40), st.integers(1, 15))
def test_progress_names_the_rows_done_and_ends_with_all(rows, block_rows):
    done = []
    in_blocks(rows, max, done.append, block_rows)
    assert done == [min(n * block_rows, rows) for n in range(1, len(done) + 1)]
    assert done[-1:] == ([rows] if rows else [])


def test_a_slow_block_keeps_its_place():
    def work(start: int, stop: int) -> int:
        sleep(0.02 if start == 0 else 0)
        return start

    assert in_blocks(4, work, block_rows=1) == [0, 1, 2, 3]


def test_one_block_is_the_default_for_fewer_rows_than_a_block_has():
    assert in_blocks(ROWS, lambda start, stop: stop - start) == [ROWS]
    assert in_blocks(ROWS + 1, lambda start, stop: stop - start) == [ROWS, 1]


def test_work_runs_beside_the_caller_on_at_most_one_thread_per_core():
    threads = set(in_blocks(40, lambda *_: get_ident(), block_rows=1))
    assert get_ident() not in threads
    assert len(threads) <= cores()


def test_what_goes_wrong_in_a_block_is_raised():
    def work(start: int, stop: int) -> int:
        if start == 2:
            raise ValueError("block 2")
        return start

    with pytest.raises(ValueError, match="block 2"):
        in_blocks(5, work, block_rows=1)
