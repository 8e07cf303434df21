"""The same rows as Parquet in two orders: as they come, and in none; in little memory."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 262_144


class Files:
    """Parquet files of one folder, each grown by row groups."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}

    def append(self, name: str, rows: pl.DataFrame) -> None:
        """Add ``rows`` to the file of this name."""
        table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = self._writers.get(name) or self._opened(name, table.schema)
        writer.write_table(table, row_group_size=ROW_GROUP)

    def path(self, name: str) -> Path:
        """Where the file of this name lies."""
        return self.folder / f"{name}.parquet"

    def close(self) -> None:
        """Finish every file."""
        for writer in self._writers.values():
            writer.close()

    def _opened(self, name: str, schema: pa.Schema) -> pq.ParquetWriter:
        writer = pq.ParquetWriter(self.path(name), schema, compression="zstd", compression_level=1)
        self._writers[name] = writer
        return writer


class BothOrders:
    """Writes ``sorted`` (by subscriber and time, as they come) and ``unordered``.

    For no order each row goes at random onto one of many piles, and each pile is shuffled.
    """

    def __init__(self, folder: Path, piles: int) -> None:
        self._folder, self._count = folder, piles
        self._sorted, self._piles = Files(folder / "sorted"), Files(folder / "piles")

    def add(self, tables: Mapping[str, pl.DataFrame], rng: np.random.Generator) -> None:
        """Add rows of subscribers that come after all those before."""
        for name, rows in tables.items():
            self._sorted.append(name, rows.sort("subscriber_id", "happened_at"))
            piled = rows.with_columns(pile=pl.Series(rng.integers(0, self._count, rows.height)))
            for pile in range(self._count):
                part = piled.filter(pl.col("pile") == pile).drop("pile")
                self._piles.append(f"{name}.{pile}", part)

    def finish(self, names: tuple[str, ...]) -> None:
        """Close the sorted files and write the unordered."""
        self._sorted.close()
        self._piles.close()
        unordered = Files(self._folder / "unordered")
        for name in names:
            for pile in range(self._count):
                rows = pl.read_parquet(self._piles.path(f"{name}.{pile}"))
                unordered.append(name, rows.sample(fraction=1, shuffle=True, seed=pile))
        unordered.close()
        shutil.rmtree(self._piles.folder)
