"""Locks on folders: one writer alone, readers together, and who steps back."""

from pathlib import Path

import pytest

from perdura.sources.landing.locks import exclusive_lock, read_lock, shared_lock, try_write_lock


class Waited(Exception):
    """Raised in place of waiting."""


def no_wait() -> None:
    raise Waited


def test_the_folder_is_made_and_free_again_afterwards(tmp_path: Path):
    folder = tmp_path / "new"
    for _ in range(2):
        with exclusive_lock(folder, no_wait):
            assert folder.is_dir()


def test_a_second_writer_has_to_wait(tmp_path: Path):
    with (
        exclusive_lock(tmp_path, no_wait),
        pytest.raises(Waited),
        exclusive_lock(tmp_path, no_wait),
    ):
        pass


def test_readers_share_and_a_writer_waits_for_the_last_of_them(tmp_path: Path):
    def write() -> None:
        with exclusive_lock(tmp_path, no_wait, "use"):
            pass

    first, second = (shared_lock(tmp_path, no_wait, "use") for _ in range(2))
    with first, second, pytest.raises(Waited):
        write()
    with shared_lock(tmp_path, no_wait, "use"), pytest.raises(Waited):
        write()
    write()


def test_a_reader_waits_for_a_writer(tmp_path: Path):
    with (
        exclusive_lock(tmp_path, no_wait, "use"),
        pytest.raises(Waited),
        shared_lock(tmp_path, no_wait, "use"),
    ):
        pass


def test_what_it_is_wanted_for_makes_another_lock(tmp_path: Path):
    with exclusive_lock(tmp_path, no_wait), exclusive_lock(tmp_path, no_wait, "erase"):
        pass


def test_a_lock_ends_by_an_error_too(tmp_path: Path):
    with pytest.raises(RuntimeError), exclusive_lock(tmp_path, no_wait):
        raise RuntimeError
    with exclusive_lock(tmp_path, no_wait):
        pass


def test_a_writer_that_only_tries_steps_back_from_readers_and_does_not_wait(tmp_path: Path):
    with try_write_lock(tmp_path) as alone:
        assert alone
    with read_lock(tmp_path):
        with try_write_lock(tmp_path) as alone:
            assert not alone
        with read_lock(tmp_path), try_write_lock(tmp_path) as alone:
            assert not alone
    with try_write_lock(tmp_path) as alone, try_write_lock(tmp_path) as second:
        assert (alone, second) == (True, False)
