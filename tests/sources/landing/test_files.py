"""Files of the landing: there whole or not at all, the same bytes however the rows were cut."""

import errno
import itertools
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.sources.events import PAYMENTS, USAGE
from perdura.sources.landing.files import (
    count_stored,
    identity,
    move_into_place,
    scan_stored,
    stored_order,
    stored_schema,
    whole_file,
)
from perdura.sources.landing.full_disk import DiskFull, is_full, room_in
from perdura.sources.landing.partition import BUCKET

SCHEMA = pl.Schema({"a": pl.Int64(), "b": pl.String()})


def frame(*rows: tuple[int, str]) -> pl.DataFrame:
    return pl.DataFrame([*rows], schema=SCHEMA, orient="row")


rows = st.lists(st.tuples(st.integers(-5, 5), st.text("xyz", max_size=2)), max_size=12)


@given(rows=rows, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_the_bytes_depend_on_the_rows_and_not_on_how_they_were_cut(tmp_path_factory, rows, cuts):
    folder = tmp_path_factory.mktemp("cut")
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for name, edges in (("whole", [0, len(rows)]), ("cut", bounds)):
        with whole_file(folder / name, SCHEMA) as write:
            for start, end in itertools.pairwise(edges):
                write(frame(*rows[start:end]))
    assert (folder / "cut").read_bytes() == (folder / "whole").read_bytes()
    assert pl.read_parquet(folder / "cut").rows() == rows
    assert {path.name for path in folder.iterdir()} == {"whole", "cut"}


def test_columns_are_put_in_their_order_and_others_are_left_out(tmp_path: Path):
    with whole_file(tmp_path / "f", SCHEMA) as write:
        write(frame((1, "x")).select("b", "a", pl.lit(0).alias("more")))
    assert pl.read_parquet(tmp_path / "f").columns == ["a", "b"]


def test_without_any_frame_there_is_a_file_of_no_rows(tmp_path: Path):
    with whole_file(tmp_path / "new" / "f", SCHEMA):
        pass
    assert pl.read_parquet(tmp_path / "new" / "f").schema == SCHEMA


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_an_error_leaves_the_old_file_and_no_piece_of_the_new(tmp_path: Path, frames: int):
    path = tmp_path / "f"
    with whole_file(path, SCHEMA) as write:
        write(frame((1, "old")))
    before = path.read_bytes()

    def write_and_stop() -> None:
        with whole_file(path, SCHEMA) as write:
            for number in range(frames):
                write(frame((number, "new")))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_stop()
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def test_a_draft_that_cannot_be_written_leaves_nothing(tmp_path: Path):
    def fail(draft: Path) -> None:
        draft.write_text("half")
        raise OSError(errno.EIO, "broken")

    with pytest.raises(OSError, match="broken"):
        move_into_place(tmp_path / "f", fail)
    assert [*tmp_path.iterdir()] == []


class TestFullDisk:
    @pytest.mark.parametrize(
        ("error", "full"),
        [
            (OSError(errno.ENOSPC, "x"), True),
            (OSError(errno.EDQUOT, "x"), True),
            (OSError(errno.EIO, "x"), False),
            (pl.exceptions.ComputeError("write: No space left on device (os error 28)"), True),
            (ValueError("database or disk is full"), True),
            (ValueError("the glass is full"), False),
            (None, False),
        ],
    )
    def test_is_recognised_in_whatever_words(self, error: BaseException | None, full: bool):
        assert is_full(error) is full

    def test_is_found_behind_an_error_that_came_of_it(self):
        for link in ("__cause__", "__context__"):
            error = ValueError("rows do not fit")
            setattr(error, link, OSError(errno.ENOSPC, "x"))
            assert is_full(error)

    def test_is_said_with_the_folder_and_what_to_do_and_other_errors_stay(self, tmp_path: Path):
        with pytest.raises(DiskFull) as error, room_in(tmp_path):
            raise ValueError("No space left on device")
        assert str(error.value).startswith(f"the disk of {tmp_path} is full; make room there and")
        assert isinstance(error.value.__cause__, ValueError)
        with pytest.raises(ValueError, match="other"), room_in(tmp_path):
            raise ValueError("other")

    def test_of_two_folders_the_inner_one_is_named(self, tmp_path: Path):
        inner = tmp_path / "inner"
        with pytest.raises(DiskFull, match="inner"), room_in(tmp_path), room_in(inner):
            raise OSError(errno.ENOSPC, "x")


class TestStored:
    def test_known_at_is_no_part_of_what_an_event_is_and_sorts_last(self):
        for table in (PAYMENTS, USAGE):
            assert [*identity(table), "known_at"] == stored_order(table)[1:]
            assert {*identity(table), "known_at"} == {*table.schema}
            assert [*stored_schema(table)] == [*table.schema, BUCKET]

    def test_no_files_are_no_rows(self):
        assert scan_stored(PAYMENTS, []).collect().schema == stored_schema(PAYMENTS)
        assert count_stored(PAYMENTS, []) == 0

    def test_files_are_read_one_after_the_other_and_counted(self, tmp_path: Path):
        when = datetime(2026, 1, 1, tzinfo=UTC)
        for number in range(3):
            row = {"subscriber_id": str(number), "happened_at": when, "currency": "eur", BUCKET: 1}
            pl.DataFrame(
                [{name: row.get(name) for name in stored_schema(PAYMENTS)}] * number,
                schema=stored_schema(PAYMENTS),
            ).write_parquet(tmp_path / str(number))
        files = [tmp_path / "1", tmp_path / "0", tmp_path / "2"]
        assert count_stored(PAYMENTS, files) == 3
        found = scan_stored(PAYMENTS, files).collect()
        assert found["subscriber_id"].to_list() == ["1", "2", "2"]
        assert found["currency"].unique().to_list() == ["EUR"]
