"""Parquet in an object store, copied once, so that all of an extract reads the same rows."""

from pathlib import Path

import polars as pl

from perdura.sources.error_texts import without_values
from perdura.sources.landing.full_disk import is_full

_RIGHTS = (
    "check the address, and that the environment gives the right to read it (AWS_ACCESS_KEY_ID, "
    "AWS_SECRET_ACCESS_KEY, AWS_REGION, of another store than Amazon's AWS_ENDPOINT_URL)"
)


class BadStore(ValueError):
    """Objects of a store cannot be read."""


def stage_objects(url: str, file: Path) -> None:
    """Copy the rows of Parquet objects into one file, streamed.

    Args:
        url: ``s3://bucket/payments/*.parquet``; ``*`` finds several, which have the same columns.
        file: The new file.

    Raises:
        BadStore: There is no such object, it is no Parquet, or there is no right to read it.
    """
    try:
        pl.scan_parquet(url).sink_parquet(file, maintain_order=True)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        if is_full(error):
            raise
        # The kind of fault, without the answer of the store, which may repeat what was sent.
        said = without_values(error).split("<?xml")[0].split("headers:")[0].strip(" .:")[:200]
        raise BadStore(f"{url} cannot be read ({said}); {_RIGHTS}") from None
