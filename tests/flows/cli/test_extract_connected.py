"""``perdura extract`` with a connector of one's own, as people install and run it."""

import json
from pathlib import Path

from tests.flows.cli.test_command_line import perdura
from tests.sources.test_connected import CHARGES, MAPPING, OWN


def test_a_connector_beside_the_mapping_lands_its_frames(tmp_path: Path):
    (tmp_path / "exports").mkdir()
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "mapping.toml").write_text(MAPPING)
    charges = "\n".join(json.dumps(one) for one in CHARGES)
    (tmp_path / "exports/charges.jsonl").write_text(charges + "\n")
    (tmp_path / "exports/people.jsonl").write_text('{"id": "p1", "customer": "ann"}\n')
    mapping = ("--mapping", str(tmp_path / "mapping.toml"))
    done = perdura("extract", *mapping, "--until", "2026-03-10", "--json", home=tmp_path)
    assert "Traceback" not in done.stderr
    (payments,) = json.loads(done.stdout)["tables"]
    rows = {name: payments["in_rows"][name] for name in ("read", "landed", "dropped", "rejected")}
    assert rows == {"read": 4, "landed": 1, "dropped": 1, "rejected": 2}
    assert {one["file"] for one in payments["examples"]} == {"exports/charges.jsonl"}
    assert not [*tmp_path.rglob("staged")]
