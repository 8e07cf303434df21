"""Connectors as they are shipped, over folders that tests write or third parties have exported."""

from pathlib import Path

from perdura.sources.connectors.known import mapping_of
from tests.support.small_sources import Business

EXPORTS = Path(__file__).parents[3] / "shared" / "data" / "vendor_exports"


def connected_to(vendor: str, exports: Path, folder: Path) -> Business:
    """A business in ``folder`` with a vendor's mapping as it is shipped, over its exports."""
    section = f"[connect.{vendor}]\nfolder = '{exports}'\n\n"
    return Business(folder).maps(section + mapping_of(vendor))
