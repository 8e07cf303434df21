"""Three hundred damaged files: none ends in a traceback, and every row of each is accounted for."""

import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from perdura.sources.extract import IncompleteExtract
from perdura.sources.mapping.mapping import BadMapping
from tests.support.small_sources import Business, at

MAPPING = """
[payments]
file = "p.{ending}"
types = {{ amount = "number" }}
subscriber_id = "who"
payment_id = "no"
happened_at = "day"
kind = "CASE what WHEN 'payed' THEN 'paid' ELSE what END"
amount = "ROUND(amount * 100)"
currency = "currency"
where = "note <> 'test'"
"""
COLUMNS = ("who", "no", "day", "what", "amount", "currency", "note")
ENDINGS = ("csv", "jsonl", "parquet")
Damage = Callable[[random.Random, bytes], bytes]


def clean(draw: random.Random) -> pl.DataFrame:
    """Some payments as a business has them."""
    rows = [
        (
            draw.choice(["ada", "bob", "Zoë", "17850"]),
            f"p{n}",
            f"2026-02-{draw.randint(1, 27):02} 10:{n % 60:02}:00",
            draw.choice(["paid", "failed", "payed"]),
            f"{draw.randint(1, 99)}.{draw.randint(0, 99):02}",
            draw.choice(["EUR", "usd"]),
            draw.choice(["", "test", 'says "no", twice', "two\nlines", "ñandú"]),
        )
        for n in range(draw.randint(1, 60))
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def written(frame: pl.DataFrame, ending: str, path: Path) -> bytes:
    if ending == "parquet":
        frame.write_parquet(path)
    elif ending == "csv":
        frame.write_csv(path)
    else:
        frame.write_ndjson(path)
    return path.read_bytes()


def flip(draw: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(draw.choice([1, 1, 3, 20])):
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
    return bytes(damaged)


def truncate(draw: random.Random, content: bytes) -> bytes:
    return content[: draw.randrange(len(content))]


def cut_out(draw: random.Random, content: bytes) -> bytes:
    start = draw.randrange(len(content))
    return content[:start] + content[start + draw.randint(1, 200) :]


def blank_out(draw: random.Random, content: bytes) -> bytes:
    start, length = draw.randrange(len(content)), draw.randint(1, 100)
    return content[:start] + bytes(length) + content[start + length :]


def insert(draw: random.Random, content: bytes) -> bytes:
    place = draw.randrange(len(content))
    junk = draw.choice([b'"', b"\x00", b"\r", b"\n", b"\xff\xfe", b"{", b",,,", b"\xe9", b"\x1a"])
    return content[:place] + junk + content[place:]


def recode(draw: random.Random, content: bytes) -> bytes:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return flip(draw, content)
    names = ["utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-8-sig", "utf-32", "utf-7"]
    return text.encode(draw.choice(names), errors="replace")


DAMAGES: tuple[Damage, ...] = (flip, flip, truncate, cut_out, blank_out, insert, recode)


def swapped(draw: random.Random, frame: pl.DataFrame) -> pl.DataFrame:
    """The names of two columns changed for each other, or one column gone."""
    one, other = draw.sample(COLUMNS, 2)
    if draw.random() < 0.3:
        return frame.drop(one)
    return frame.rename({one: other, other: one})


def damaged(seed: int, ending: str, path: Path) -> bytes:
    draw = random.Random(seed)  # noqa: S311
    frame = clean(draw)
    if draw.random() < 0.15:
        return written(swapped(draw, frame), ending, path)
    return draw.choice(DAMAGES)(draw, written(frame, ending, path))


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_traceback_and_every_row_is_accounted_for(tmp_path: Path, ending: str):
    read, refused = 0, []
    for seed in range(100):
        business = Business(tmp_path / str(seed))
        business.folder.mkdir()
        path = business.folder / f"p.{ending}"
        business.write(path.name, damaged(seed, ending, path))
        business.maps(MAPPING.format(ending=ending))
        try:
            [report] = business.extract(at(1, month=3)).tables
        except (IncompleteExtract, BadMapping) as error:
            refused.append(str(error))
            continue
        rows = report.in_rows
        accounted = rows.landed + rows.had_before + rows.later + rows.dropped + rows.rejected
        assert rows.read == accounted == report.rows, seed
        assert rows.rejected == len({row[1] for row in business.rejected("payments")}), seed
        assert all(one.hint and one.file == path.name for one in report.examples), seed
        content = path.read_bytes()
        if ending == "jsonl" and b"\0" not in content:
            lines = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n")
            assert rows.read == sum(bool(line.strip()) for line in lines), seed
        read += 1
    assert all(f"p.{ending}" in words and "\n" not in words for words in refused)
    assert read > 10
