"""A card as one self-contained HTML page, its pictures included."""

from base64 import b64encode
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

# The heading that each picture belongs under: the first that begins with this text.
_HEADINGS = {
    "calibration.png": "Evaluated on",
    "gain.png": "Evaluated on",
    "voluntary.png": "By cause",
    "payment.png": "By cause",
    "months.png": "How long they stay",
    "importance.png": "What it goes by",
    "backtest.png": "Backtest",
}


def page(card: str, folder: Path) -> str:
    """The page of a card.

    Args:
        card: Markdown; HTML in it is shown as text.
        folder: The folder of its pictures, each shown under its heading.
    """
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(card)
    body = body.replace("<table>", '<div class="wide"><table>')
    body = body.replace("</table>", "</table></div>")
    for name, heading in reversed(_HEADINGS.items()):
        if not (file := folder / name).exists():
            continue
        data = b64encode(file.read_bytes()).decode()
        picture = f'\n<img alt="{escape(file.stem)}" src="data:image/png;base64,{data}">'
        start, after = body.find(f">{heading}"), len(body)  # at the end without its heading
        if start >= 0:
            after = body.index(">", body.index("</h", start)) + 1
        body = body[:after] + picture + body[after:]
    title = card.splitlines()[0].removeprefix("# ")
    return f"{_HEAD.format(title=escape(title))}<body><main>\n{body}</main></body></html>\n"


_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1d2733; background: #fff; margin: 0 }}
main {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.7rem }} h2 {{ font-size: 1.2rem; margin-top: 2.2rem }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums }}
th {{ text-align: left; border-bottom: 2px solid #9aa5b1; padding: 0.2rem 0.8rem 0.2rem 0 }}
td {{ border-bottom: 1px solid #e1e6eb; padding: 0.2rem 0.8rem 0.2rem 0; white-space: nowrap }}
img {{ max-width: min(100%, 29rem); height: auto; margin-right: 0.5rem }}
</style></head>
"""
