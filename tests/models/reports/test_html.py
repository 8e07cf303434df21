"""A card as a page: its tables, its pictures inside it, and nothing of what it says run as HTML."""

from base64 import b64encode

from perdura.models.reports.html import page

CARD = "# Churn model\n\n## Evaluated on later dates\n\n| who | a |\n|---|---|\n| <b>x</b> | 1 |\n"


def test_the_page_has_the_tables_and_needs_no_other_file(tmp_path):
    (tmp_path / "gain.png").write_bytes(b"a picture")
    found = page(CARD, tmp_path)
    assert "<title>Churn model</title>" in found
    assert "<table>" in found
    inside = f'src="data:image/png;base64,{b64encode(b"a picture").decode()}"'
    assert found.index("Evaluated on") < found.index(inside) < found.index("<table>")
    assert "http" not in found


def test_what_looks_like_html_is_shown_as_it_is_written(tmp_path):
    assert "&lt;b&gt;x&lt;/b&gt;" in page(CARD, tmp_path)


def test_pictures_that_are_not_there_are_not_shown(tmp_path):
    assert "<img" not in page(CARD, tmp_path)
