"""The erased of a home, made known to its risk table, by which a server refuses their ids."""

from perdura.flows.settings import Settings
from perdura.risk.records.erase import exists
from perdura.risk.records.erased import record_erasures, recorded_erasures
from perdura.risk.store.connect import reading, writing
from perdura.sources.landing.tombstones import read_tombstones


def share_erasures(settings: Settings) -> int:
    """How many erased ids the risk table's database now knows that it did not know before.

    Nothing where nobody was erased, or where there is no risk table yet: its first night asks
    again.

    Raises:
        BrokenTombstones: The list of the home cannot be read.
    """
    tombstones = read_tombstones(settings.landing_folder)
    if not tombstones.days or not exists(settings.risk_url):
        return 0
    with reading(settings.risk_url) as connection:
        if tombstones.days.keys() <= recorded_erasures(connection):
            return 0
    with writing(settings.risk_url, durable=True) as connection:
        return record_erasures(connection, tombstones.key, tombstones.days)
