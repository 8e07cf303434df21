"""Files that may be one JSON text: an array of objects, or a page of a list; else JSON lines."""

import json
import re
from collections.abc import Generator, Mapping
from pathlib import Path

import polars as pl

from perdura.json_values import as_list, as_object
from perdura.sources.connectors.stripe.json_text.columns import loads
from perdura.sources.connectors.stripe.json_text.lines import BLOCK, Block, block_of, read_blocks

#: Objects of an array that are read at once.
_AT_ONCE = 20_000
#: Characters kept of an array that is cut off.
_KEPT = 200


def read_array(
    path: Path, name: str, fields: Mapping[str, pl.DataType], size: int = BLOCK
) -> Generator[Block]:
    """The objects of a file that may be one JSON text, and is JSON lines otherwise.

    Objects of an array are counted as lines are. An array that is cut off is one broken line.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        head = loads(next((line for line in file if line.strip()), ""))
    if isinstance(head, dict) and "data" not in head:
        yield from read_blocks(path, name, fields, size)
        return
    text = path.read_text("utf-8-sig", errors="replace")
    whole = loads(text)
    if whole is None:
        if text.lstrip().startswith("["):
            yield block_of([text[:_KEPT].encode()], 0, name, fields, whole=False)
        else:
            yield from read_blocks(path, name, fields, size)
        return
    page = as_object(whole)
    things = as_list(page.get("data", [page]) if page else whole)
    for first in range(0, len(things), _AT_ONCE):
        lines = [json.dumps(one).encode() for one in things[first : first + _AT_ONCE]]
        yield block_of(lines, first, name, fields, whole=True)


def has_more(path: Path) -> bool:
    """Whether a file is a page of a list that has more pages."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 1_000, 0))
        after = file.read().rpartition(b"]")[2]
    return bool(re.search(rb'"has_more"\s*:\s*true', after))
