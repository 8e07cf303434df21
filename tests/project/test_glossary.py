"""The glossary: one alphabetical table that renders."""

from pathlib import Path

from markdown_it import MarkdownIt

TEXT = (Path(__file__).parents[2] / "GLOSSARY.md").read_text(encoding="utf-8")


def cells() -> list[str]:
    """What stands in the cells of the rendered table, row by row."""
    tokens = MarkdownIt("commonmark").enable("table").parse(TEXT)
    assert [token.type for token in tokens].count("table_open") == 1
    opened = [place for place, token in enumerate(tokens) if token.type in {"th_open", "td_open"}]
    return [tokens[place + 1].content for place in opened]


def test_it_is_one_table_with_every_line_in_it():
    lines = [line for line in TEXT.splitlines() if line.startswith("|")]
    assert len(cells()) == 2 * (len(lines) - 1)  # all but the rule below the head
    assert all(cells())


def test_terms_are_in_alphabetical_order_and_each_stands_there_once():
    terms = [term.casefold() for term in cells()[2::2]]
    assert terms == sorted(set(terms))
