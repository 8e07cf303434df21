"""Tables of a card: what stands in a cell is shown as it is, in Markdown and on the page."""

from datetime import UTC, date, datetime
from html import unescape
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdura.models.reports.html import page
from perdura.models.reports.markdown import number, table, with_intervals


class Cells(HTMLParser):
    """The texts of the cells of a page's tables, row by row, its tags, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.sources: list[str | None] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [value for name, value in attrs if name in {"src", "href"}]
        if tag == "tr":
            self.rows.append([])
        self._in_cell = tag in {"td", "th"}
        if self._in_cell:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data


def shown(names: list[str], tmp_path) -> Cells:
    """The cells of a page whose table has these names."""
    return Cells(page(f"# Card\n\n{table(pl.DataFrame({'plan': names}))}\n", tmp_path))


HOSTILE = [
    "<b>bold</b>",
    "<script>alert('x')</script>",
    "a|b",
    "|",
    "\\|",
    "\\",
    'say "hi" & go',
    "it's",
    "&amp;",
    "*starred* and **more**",
    "_under_ and payments_failed_30d",
    "`code`",
    "~~gone~~",
    "![picture](http://example.org/p.png)",
    "[link](http://example.org)",
    "<http://example.org>",
    "Ñandú año",
    "プラン 🎉",
    "\u202eright to left",
    "# no heading",
    "- no list",
    "1. no list",
    "---",
]


def test_a_name_stands_on_the_page_as_it_is_written(tmp_path):
    found = shown(HOSTILE, tmp_path)
    assert found.rows[1:] == [[name] for name in HOSTILE]
    assert found.tags.isdisjoint({"b", "script", "a", "img", "em", "strong", "code", "s", "li"})
    assert found.sources == []


@given(name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12))
def test_no_name_is_markup(name: str, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    found = shown([name, "next"], folder)
    assert found.rows == [["plan"], [name], ["next"]]
    assert found.tags <= {"html", "head", "meta", "title", "style", "body", "main", "h1", "div"} | {
        "table", "thead", "tbody", "tr", "td", "th",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["two\nlines", "two\r\nlines", "two\n\nlines", "two\tlines"])
def test_a_name_of_several_lines_is_one_row(name, tmp_path):
    assert shown([name, "next"], tmp_path).rows == [["plan"], ["two lines"], ["next"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (0.0, "0.000"),
        (1.0, "1.000"),
        (-0.25, "-0.250"),
        (1234.5, "1234.500"),
        (0.0005, "0.001"),
        (0.00049, "0.00049"),
        (0.000049, "4.9e-05"),
        (-0.0002, "-0.0002"),
        (1e-12, "1e-12"),
    ],
)
def test_a_small_number_is_not_shown_as_zero(value, text):
    assert number(value) == text
    assert f"| {text} |" in table(pl.DataFrame({"rate": [value]}))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pl.Series([None], dtype=pl.Float64), "unknown"),
        (pl.Series([None], dtype=pl.String), "unknown"),
        (pl.Series([float("nan")]), "unknown"),
        (pl.Series([float("inf")]), "inf"),
        (pl.Series([12_345]), "12345"),
        (pl.Series([True]), "True"),
        (pl.Series([datetime(2024, 2, 29, 23, 59, tzinfo=UTC)]), "2024-02-29"),
        (pl.Series([date(2024, 2, 29)]), "2024-02-29"),
    ],
)
def test_each_kind_of_value_has_its_way_of_being_shown(values, text):
    assert table(values.alias("x").to_frame()) == f"| x |\n|---|\n| {text} |"


def test_a_table_has_a_line_per_row_and_a_cell_per_column():
    frame = pl.DataFrame({"group": ["plan", "plan"], "value": ["a|b", "c"], "rows": [1, 2]})
    assert table(frame).split("\n") == [
        "| group | value | rows |",
        "|---|---|---|",
        "| plan | a\\|b | 1 |",
        "| plan | c | 2 |",
    ]


def test_a_table_without_rows_still_says_its_columns():
    assert table(pl.DataFrame({"a": [], "b": []})) == "| a | b |\n|---|---|"


def test_an_interval_stands_in_brackets_in_place_of_its_columns():
    frame = pl.DataFrame(
        {"value": ["a", "b"], "roc_auc": [0.75, None], "low": [0.7, None], "high": [0.8, None]}
    )
    found = with_intervals(frame)
    assert found.columns == ["value", "roc_auc"]
    assert found["roc_auc"].to_list() == ["0.750 (0.700, 0.800)", None]
    assert "| b | unknown |" in table(found)


def test_the_interval_of_a_rare_outcome_is_not_three_zeros():
    frame = pl.DataFrame({"rate": [0.0002], "low": [0.0], "high": [0.0011]})
    assert with_intervals(frame, "rate")["rate"].to_list() == ["0.0002 (0.000, 0.001)"]


def test_what_is_escaped_for_markdown_is_no_longer_escaped_twice_on_the_page(tmp_path):
    text = page("# Card\n\n" + table(pl.DataFrame({"x": ["a & b < c"]})), tmp_path)
    assert "a &amp; b &lt; c" in text
    assert "a & b < c" in unescape(text)
    assert "\\" not in text
