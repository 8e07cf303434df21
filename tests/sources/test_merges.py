"""Who an account lives on as."""

import pytest

from perdura.sources.merges import owners
from tests.support.tables import at, events


def merged(*pairs: str, **known) -> dict[str, str]:
    """Owners at 2026-03-01 after merges such as ``a>b``, a day apart."""
    rows = [
        {
            "subscriber_id": pair[0],
            "merged_into": pair[2],
            "kind": "merged",
            "happened_at": f"2026-02-{day:02}",
        }
        | known
        for day, pair in enumerate(pairs, start=1)
    ]
    return dict(owners(events(merges=rows)["merges"], at("2026-03-01")).rows())


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        (["a>b"], {"a": "b"}),
        (["a>b", "b>c"], {"a": "c", "b": "c"}),
        (["b>c", "a>b"], {"a": "c", "b": "c"}),
        (["a>b", "a>c"], {"a": "c"}),  # the last word counts
        (["a>a"], {}),
    ],
)
def test_is_the_end_of_its_chain(pairs, found):
    assert merged(*pairs) == found


@pytest.mark.parametrize("circle", [["a>b", "b>a"], ["a>b", "b>c", "c>a"], ["c>b", "b>a", "a>c"]])
def test_a_circle_lives_on_as_the_least_of_its_ids(circle):
    assert set(merged(*circle).values()) == {"a"}


def test_a_chain_into_a_circle_lives_on_as_the_circle_does():
    assert merged("d>a", "a>b", "b>c", "c>a") == dict.fromkeys("abcd", "a")


def test_a_merge_not_yet_known_has_not_happened():
    assert merged("a>b", known_at="2026-03-01") == {}
