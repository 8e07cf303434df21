"""What another tool has confirmed is kept through kills, and is one run's alone."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perdura.risk.integrations.help_desks.push_state import (
    BadState,
    PushRunning,
    forget,
    push_state,
    read_digests,
)

BATCHES = st.lists(
    st.dictionaries(
        st.sampled_from(["ann", "bob", 'c"\n', "\N{LINE SEPARATOR}dee", "ñ\ud800"]),
        st.none() | st.text("0123456789abcdef?", max_size=5),
        max_size=4,
    ),
    max_size=5,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "push-zendesk-acme.jsonl"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(batches=BATCHES)
def test_the_last_word_of_each_subscriber_is_kept_and_none_of_the_cleared(file, batches):
    file.unlink(missing_ok=True)
    expected: dict[str, str] = {}
    with push_state(file) as state:
        for batch in batches:
            state.add(batch)
            for subscriber, digest in batch.items():
                expected.pop(subscriber, None)
                if digest is not None:
                    expected[subscriber] = digest
            assert read_digests(file) == expected  # a run that is killed now loses nothing
    assert read_digests(file) == expected
    assert len(file.read_text().splitlines()) == len(expected)  # written anew at the end


def test_a_line_that_a_killed_run_was_writing_is_no_line(file):
    file.parent.mkdir()
    file.write_text('["ann", "1"]\n["bob", "2"]\n["ci')
    assert read_digests(file) == {"ann": "1", "bob": "2"}
    with push_state(file) as state:
        state.add({"dee": "3"})
    assert read_digests(file) == {"ann": "1", "bob": "2", "dee": "3"}


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        '{"ann": "1"',
        '["ann"]',
        '["a", "b", "c"]',
        "7",
        '"ab"',
        '{"a": 1, "b": 2}',
        "[1, 2]",
    ],
)
def test_a_line_that_is_no_subscriber_with_a_digest_is_an_error_that_says_what_to_do(file, line):
    file.parent.mkdir()
    file.write_text(f'["ann", "1"]\n{line}\n')
    with pytest.raises(BadState, match=r"is no list of subscriber and digest \(.+\); remove the"):
        read_digests(file)


def test_a_second_run_is_refused_and_a_later_one_is_not(file):
    with push_state(file), pytest.raises(PushRunning, match="push-zendesk-acme is running"):
        push_state(file).__enter__()
    with push_state(file) as state:
        assert state.digests == {}


def test_a_run_that_fails_keeps_what_was_confirmed(file):
    def failing() -> None:
        with push_state(file) as state:
            state.add({"ann": "1"})
            raise OSError("unplugged")

    with pytest.raises(OSError, match="unplugged"):
        failing()
    assert read_digests(file) == {"ann": "1"}


def test_a_subscriber_is_forgotten_in_every_file_that_knows_them(tmp_path):
    for name, known in {
        "push-b.jsonl": ["ann", "bob"],
        "push-a.jsonl": ["ann"],
        "push-c.jsonl": ["bob"],
    }.items():
        (tmp_path / name).write_text("".join(json.dumps([one, "1"]) + "\n" for one in known))
    (tmp_path / "push-d.jsonl.draft").write_text('["ann", "1"]\n')
    assert forget(tmp_path, "ann") == ["a", "b"]
    assert not [file for file in tmp_path.iterdir() if "ann" in file.read_text()]
    assert read_digests(tmp_path / "push-b.jsonl") == {"bob": "1"}
    assert forget(tmp_path, "ann") == []
    assert forget(tmp_path / "there_is_none", "ann") == []


def test_nobody_is_forgotten_while_a_push_runs(file):
    with push_state(file) as state:
        state.add({"ann": "1"})
        with pytest.raises(PushRunning):
            forget(file.parent, "ann")
