"""The erased of a home, made known to its risk table, by which a server refuses their ids."""

from pathlib import Path

from perdura.risk.records.erase import exists
from perdura.risk.records.erased import record_erasures, recorded_erasures
from perdura.risk.store.connect import reading, writing
from perdura.sources.landing.tombstones import read_tombstones


def share_erasures(landing_folder: Path, url: str) -> int:
    """Number of erased ids that the risk table's database did not know before.

    None where no subscriber was erased, or where there is no risk table yet: its first night asks
    again.

    Raises:
        BrokenTombstones: The list of the home cannot be read.
    """
    tombstones = read_tombstones(landing_folder)
    if not tombstones.days or not exists(url):
        return 0
    with reading(url) as connection:
        if tombstones.days.keys() <= recorded_erasures(connection):
            return 0
    with writing(url, durable=True) as connection:
        return record_erasures(connection, tombstones.key, tombstones.days)
