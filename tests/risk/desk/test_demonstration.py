"""Pages of the demonstration say that its company is simulated, not that its data are stale."""

from datetime import date
from pathlib import Path

import httpx
import pytest

from perdura.flows.settings import Settings
from perdura.risk.api.app import ApiSettings, app_of
from perdura.risk.desk import session
from tests.risk.test_table import MARCH_2, TWO, put
from tests.support.api_served import at_work, token

STALE = {"en": "been updated since", "es": "Los datos no se actualizan"}
DEMONSTRATION = {"en": "Demonstration data", "es": "Datos de demostración"}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(("demonstration", "words"), [(True, DEMONSTRATION), (False, STALE)])
def test_an_old_night(tmp_path: Path, language: str, demonstration: bool, words: dict[str, str]):
    url = f"sqlite:///{tmp_path}/risk.db"
    put(TWO, url, MARCH_2)
    held = token(url, "read")
    assert date.today() > MARCH_2  # noqa: DTZ011 - far from it
    with (
        at_work(app_of(ApiSettings(url=url, demonstration=demonstration))) as base,
        httpx.Client(base_url=base, cookies={session.SESSION: held}, timeout=60) as client,
    ):
        for path in ("", "/subscriber?id=ann", "/lead"):
            page = client.get(f"/desk{path}", headers={"Accept-Language": language}).text
            for other in (STALE, DEMONSTRATION):
                assert (other[language] in page) is (other is words), path


def test_a_home_is_a_demonstration_by_its_mapping(tmp_path: Path):
    company = tmp_path / "data" / "company" / "mapping.toml"
    assert Settings(home=tmp_path, mapping=company).is_demonstration
    assert not Settings(home=tmp_path, mapping=tmp_path / "mapping.toml").is_demonstration
    assert not Settings(home=tmp_path).is_demonstration
