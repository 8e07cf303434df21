"""The keys of a mapping: what may stand in each, and what is said of all else."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from perdura.sources.mapping.sections import (
    FixedColumn,
    Grouped,
    Input,
    Join,
    Numbered,
    Series,
    SourceFile,
    Value,
)


def faults(section: type, **keys: object) -> str:
    with pytest.raises(ValidationError) as error:
        section.model_validate(keys)
    return "; ".join(fault["msg"] for fault in error.value.errors())


@given(
    amounts=st.dictionaries(st.sampled_from("dhms"), st.integers(0, 99), min_size=1),
    blank=st.sampled_from(["", " "]),
)
def test_a_length_of_time_is_the_sum_of_its_parts(amounts, blank):
    text = blank.join(f"{count}{unit}" for unit, count in amounts.items())
    seconds = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    whole = sum(count * seconds[unit] for unit, count in amounts.items())
    assert Input(file="a.csv", known_after=text).known_after == timedelta(seconds=whole)


@pytest.mark.parametrize("text", ["", "6", "h", "6 hours", "6h30", "1.5h", "-1h", "6h x"])
def test_what_is_no_length_of_time(text: str):
    says = faults(Input, file="a.csv", known_after=text)
    assert f"{text!r} is no length of time; write for example '6h' or '1d12h'" in says


class TestFormats:
    @pytest.mark.parametrize(
        ("file", "written_as"),
        [
            ("a.csv", "csv"), ("a.CSV", "csv"), ("a.tsv", "tsv"), ("a.tab", "tsv"),
            ("a.txt", "whitespace"), ("b/*.parquet", "parquet"), ("a.jsonl", "jsonl"),
            ("a.ndjson", "jsonl"), ("a.b.csv", "csv"),
        ],
    )  # fmt: skip
    def test_the_ending_tells_the_format(self, file: str, written_as: str):
        assert SourceFile(file=file).written_as == written_as

    @pytest.mark.parametrize("file", ["a", "a.json", "a.xlsx", "a.csv.gz", "*"])
    def test_another_ending_tells_none_and_the_mapping_has_to(self, file: str):
        says = f"the ending of {file!r} tells no format; add format = 'csv'"
        assert says in faults(SourceFile, file=file)
        assert SourceFile(file=file, format="csv").written_as == "csv"

    def test_the_mapping_s_word_goes_before_the_ending(self):
        assert SourceFile(file="a.txt", format="csv").written_as == "csv"

    def test_fixed_width_needs_its_columns_and_no_other_format_has_them(self):
        columns = ({"name": "id", "start": 1, "width": 3},)
        both = "format = 'fixed' and fixed = [{name, start, width}] go together"
        assert both in faults(SourceFile, file="a.txt", format="fixed")
        assert both in faults(SourceFile, file="a.csv", fixed=columns)
        fixed = {"file": "a.txt", "format": "fixed", "fixed": columns}
        assert SourceFile.model_validate(fixed).starts_with_header is False

    def test_without_a_header_there_are_names(self):
        assert "has_header = false needs names = ['...', ...]" in faults(
            SourceFile, file="a.csv", has_header=False
        )
        assert not SourceFile(file="a.csv", has_header=False, names=("a",)).starts_with_header
        assert SourceFile(file="a.csv").starts_with_header


@pytest.mark.parametrize(
    ("section", "keys", "says"),
    [
        (SourceFile, {"file": "a.csv", "encoding": "latin-99"}, "no encoding 'latin-99'; write"),
        (SourceFile, {"file": "a.csv", "separator": ";;"}, "at most 1 character"),
        (SourceFile, {"file": "a.csv", "separator": ""}, "at least 1 character"),
        (
            Input,
            {"file": "a.csv", "timezone": "Europe/Mdrid"},
            "no time zone 'Europe/Mdrid'; write",
        ),
        (Input, {"file": "a.csv", "known_share": 1.5}, "less than or equal to 1"),
        (Input, {"file": "a.csv", "most_vanished": -0.1}, "greater than or equal to 0"),
        (Input, {"file": "a.csv", "ends": "never"}, "'exclusive' or 'inclusive'"),
        (Input, {"file": "a.csv", "types": {"x": "float"}}, "'text', 'integer', 'number'"),
        (Input, {"file": "a.csv", "decimal": ";"}, "'.' or ','"),
        (Input, {"file": "a.csv", "currency_digits": {"ISK": 7}}, "less than or equal to 6"),
        (Input, {"file": "a.csv", "fiel": "b.csv"}, "Extra inputs are not permitted"),
        (Input, {"file": "a.csv", "normalise": {"x": ["title"]}}, "'trim', 'lower' or 'upper'"),
        (FixedColumn, {"name": "x", "start": 0, "width": 1}, "greater than or equal to 1"),
        (FixedColumn, {"name": "x", "start": 1, "width": 0}, "greater than or equal to 1"),
        (Series, {"from": "a"}, "a series needs months = 1, or days = 7, and not both"),
        (Series, {"from": "a", "months": 1, "days": 7}, "and not both"),
        (Series, {"from": "a", "months": -1}, "greater than or equal to 0"),
        (Series, {"start": "a", "months": 1}, "Field required"),
    ],
)
def test_what_may_not_stand_there(section: type, keys: dict, says: str):
    assert says in faults(section, **keys)


@pytest.mark.parametrize("mark", [",", "."])
def test_one_mark_cannot_stand_for_two_things(mark: str):
    says = faults(Input, file="a.csv", decimal=mark, thousands=mark)
    assert f"decimal and thousands are both {mark!r}; a number such as 1.299,99 has" in says


class TestKeys:
    def test_one_column_or_several(self):
        assert Numbered.model_validate({"by": "id", "order": "at"}).keys == ["id"]
        assert Numbered.model_validate({"by": ("a", "b"), "order": "at"}).keys == ["a", "b"]
        assert Grouped(by="id").keys == ["id"]
        assert Grouped(by=("a", "b")).keys == ["a", "b"]

    def test_of_a_join_ours_to_theirs(self):
        assert Join(file="a.csv", on="id", take={}).keys == {"id": "id"}
        assert Join(file="a.csv", on={"a": "b"}, take={}).keys == {"a": "b"}

    def test_names_of_made_columns(self):
        assert Numbered.model_validate({"by": "id", "order": "at"}).column == "nth"
        assert Numbered.model_validate({"by": "id", "order": "at", "as": "no"}).column == "no"
        assert Series.model_validate({"from": "a", "months": 1}).column == "series_at"


class TestEvents:
    def events(self, **keys: object) -> tuple[dict[str, Value], ...]:
        return Input.model_validate({"file": "a.csv", **keys}).events

    def test_without_kinds_of_events_the_columns_are_the_one(self):
        assert self.events(columns={"kind": "'paid'"}) == ({"kind": "'paid'"},)
        assert self.events() == ({},)

    def test_each_kind_has_the_columns_of_the_input_and_its_own_go_before(self):
        found = self.events(
            columns={"plan": "p", "mrr": "price"},
            event=({"kind": "'started'"}, {"kind": "'ended'", "mrr": 0}),
        )
        assert found == (
            {"plan": "p", "mrr": "price", "kind": "'started'"},
            {"plan": "p", "mrr": 0, "kind": "'ended'"},
        )

    def test_each_attribute_is_an_event_of_its_name_and_value(self):
        names = self.events(columns={"subscriber_id": "id"}, attributes=("segment",))
        table = self.events(columns={"subscriber_id": "id"}, attributes={"segment": "seg", "n": 1})
        assert names == ({"subscriber_id": "id", "name": "'segment'", "value": "segment"},)
        assert table == (
            {"subscriber_id": "id", "name": "'segment'", "value": "seg"},
            {"subscriber_id": "id", "name": "'n'", "value": 1},
        )
