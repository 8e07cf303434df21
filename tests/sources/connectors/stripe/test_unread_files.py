"""A folder of which a part is not read says so; arrays and pages of lists are read."""

import json
from pathlib import Path

import pytest

from perdura.sources.extract import IncompleteExtract
from tests.support.stripe_exports import (
    export,
    extracted,
    item,
    landed,
    price,
    report_on,
    subscription,
    write,
)

ANN, BEN = (subscription(name, [item(price("pro", 3000))]) for name in ("ann", "ben"))


def test_what_is_not_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    folder = export(tmp_path / "stripe", {"subscriptions": [ANN], "subscriptions_us": [BEN]})
    export(folder / "eu", {"subscriptions": [BEN]})
    for number in range(9):
        write(folder / f"other-{number}.txt", "")

    notes = report_on(extracted(folder), "subscriptions").notes

    [note] = [note for note in notes if note.startswith("not read")]
    assert note.startswith("not read: eu/, other-0.txt, ")
    assert " and 3 more; " in note
    assert "a section [connect.NAME] of its own" in note
    assert "subscriptions_us.jsonl to subscriptions-1.jsonl" in note


def test_what_lies_there_in_place_of_subscriptions_is_named(tmp_path: Path) -> None:
    folder = export(tmp_path / "stripe", {"customers": [], "subscriptions_eu": [ANN]})

    with pytest.raises(IncompleteExtract, match="no file of subscriptions is in stripe") as error:
        extracted(folder)

    assert "rename such files, as subscriptions_eu.jsonl" in str(error.value)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("kind", ["array", "page", "lines"])
def test_json_that_is_an_array_or_a_page_of_a_list_is_read(
    tmp_path: Path, kind: str, indent: int | None
) -> None:
    folder = export(tmp_path / "stripe", {"customers": []})
    page = {"object": "list", "data": [ANN, BEN], "has_more": False}
    lines = "\n".join(map(json.dumps, (ANN, BEN)))
    texts = {
        "array": json.dumps([ANN, BEN], indent=indent),
        "page": json.dumps(page, indent=indent),
    }
    write(folder / "subscriptions.json", texts.get(kind, lines))

    report = report_on(extracted(folder), "subscriptions")

    assert {*landed(folder, "subscriptions")["subscription_id"]} == {ANN["id"], BEN["id"]}
    assert not report.rejected
    assert not [note for note in report.notes if "has more" in note]


def test_a_page_that_has_more_says_so(tmp_path: Path) -> None:
    folder = export(tmp_path / "stripe", {"customers": []})
    page = {"object": "list", "data": [ANN], "has_more": True, "url": "/v1/subscriptions"}
    write(folder / "subscriptions.json", json.dumps(page))

    notes = report_on(extracted(folder), "subscriptions").notes

    assert any(note.startswith("subscriptions.json is a page of a list") for note in notes)


def test_an_array_that_is_cut_off_is_one_broken_line(tmp_path: Path) -> None:
    folder = export(tmp_path / "stripe", {"subscriptions": [ANN]})
    write(folder / "subscriptions-2.json", json.dumps([BEN], indent=1)[:-9])

    report = report_on(extracted(folder), "subscriptions")

    assert report.rejected == {"cut_off": 1}
