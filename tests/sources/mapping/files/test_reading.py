"""Source files found and read: what is missing, damaged or cut off is said with its name."""

from pathlib import Path

import polars as pl
import pytest

from perdura.sources.landing.landing import REJECTED
from perdura.sources.mapping.files.lines import ROW
from perdura.sources.mapping.files.part import BadSource, FilePart, unreadable
from perdura.sources.mapping.files.reading import missing, read_source
from perdura.sources.mapping.mapping import BadMapping
from perdura.sources.mapping.sections import SourceFile


def read(folder: Path, pattern: str, **keys) -> list[FilePart]:
    return read_source(SourceFile(file=pattern, **keys), folder / "m.toml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.csv", "a.csv", "c.txt", "[x].csv"):
        (tmp_path / name).write_text(f"id,file\n1,{name}\n")
    (tmp_path / "sub.csv").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a.csv", ["a.csv"]),
        ("*.csv", ["[x].csv", "a.csv", "b.csv"]),  # in the order of their names, no folders
        ("[x].csv", ["[x].csv"]),  # a name and no pattern
        ("z*.csv", []),
        ("none.csv", []),
    ],
)
def test_a_pattern_finds_the_files_of_its_folder(folder: Path, pattern: str, found: list[str]):
    assert [part.file for part in read(folder, pattern)] == found


def test_a_file_is_named_from_the_mappings_folder_or_in_full(folder: Path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "o.csv"
    outside.write_text("id\n1\n")
    assert read(folder, str(outside))[0].file == str(outside)


def test_what_is_missing_is_told_with_what_is_near(folder: Path):
    mapping = folder / "m.toml"
    assert missing(SourceFile(file="aa.csv"), mapping).startswith(
        f"no file 'aa.csv' in {folder}; did you mean a.csv"
    )
    assert missing(SourceFile(file="no/a.csv"), mapping) == (
        f"no file 'no/a.csv': there is no folder {folder / 'no'}"
    )


def test_a_variable_that_is_not_set_is_told(folder: Path):
    with pytest.raises(BadMapping, match="uses the environment variable PERDURA_NOT_SET_HERE"):
        read(folder, "$PERDURA_NOT_SET_HERE/a.csv")


def test_an_empty_file_has_no_columns_and_a_note(folder: Path):
    (folder / "e.csv").write_bytes(b"")
    (part,) = read(folder, "e.csv")
    assert (part.is_empty, part.notes) == (True, ("e.csv is empty",))


class TestTheLastLine:
    def note(self, folder: Path, text: str, name: str = "l.csv", **keys) -> tuple:
        (folder / name).write_text(text)
        (part,) = read(folder, name, **keys)
        return part.notes, part.broken.select("rule", "row").rows()

    def test_without_its_end_and_shorter_than_all_others_may_be_a_piece(self, folder: Path):
        note, broken = self.note(folder, "id,day\n1,2026-01-01\n2,2026-01\nx")
        assert broken == [("cut_off", 4)]
        assert note == ()
        note, broken = self.note(folder, "id,day\n1,2026-01-01\n2,2026-0")
        assert note == ("l.csv: its last line, 3, has no line end; was the file cut off?",)
        assert broken == []

    @pytest.mark.parametrize(
        "text",
        [
            "id,day\n1,2026-01-01\n2,2026-01-02",  # as long as the others
            "id,day\n1,\n2,2026",
            "id,day\n1,2026-01-01",  # alone
            "id,day\n1,2026-01-01\n2,20\n",
        ],
    )
    def test_is_whole(self, folder: Path, text: str):
        assert self.note(folder, text) == ((), [])

    def test_a_broken_line_in_the_middle_is_not_cut_off(self, folder: Path):
        assert self.note(folder, "id,day\n1\n2,2026-01-01")[1] == [("broken_line", 2)]


def test_row_numbers_of_parts_read_as_one_are_found_again_in_their_files():
    frame = pl.LazyFrame({ROW: [1, 2, 3, 4, 5]})
    part = FilePart(
        "a and 2 more", frame, pl.DataFrame(schema=REJECTED), pieces=(("a", 0), ("b", 2), ("c", 2))
    )
    file, row = part.places
    assert frame.select(file.alias("file"), row.alias("row")).collect().rows() == [
        ("a", 1), ("a", 2), ("c", 1), ("c", 2), ("c", 3),
    ]  # fmt: skip


class TestParquet:
    def write(self, folder: Path, **columns) -> Path:
        path = folder / "p.parquet"
        pl.DataFrame(columns).write_parquet(path)
        return path

    def test_codes_and_bytes_are_texts_and_bytes_that_are_none_are_marked(self, folder: Path):
        self.write(
            folder,
            code=pl.Series(["x", "y"], dtype=pl.Categorical),
            kind=pl.Series(["a", None], dtype=pl.Enum(["a", "b"])),
            raw=pl.Series(["é".encode(), b"\xff"], dtype=pl.Binary),
        )
        (part,) = read(folder, "p.parquet")
        assert part.frame.collect().rows() == [(1, "x", "a", "é"), (2, "y", None, "\ufffd")]

    @pytest.mark.parametrize("kept", [0.3, 0.9])
    def test_cut_off_is_told_and_that_it_should_be_fetched_again(self, folder: Path, kept: float):
        path = self.write(folder, x=[*range(1000)])
        path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
        with pytest.raises(BadSource) as error:
            read(folder, "p.parquet")
        assert str(error.value).startswith("p.parquet cannot be read as Parquet, perhaps it was")
        assert str(error.value).endswith("fetch it again")

    def test_whole_files_are_readable(self, folder: Path):
        self.write(folder, x=[1])
        assert unreadable(read(folder, "p.parquet")) is None
