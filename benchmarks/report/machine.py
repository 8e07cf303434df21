"""What was measured on: the machine, and the versions of everything that took part."""

import json
import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.measure import OLDER, PEERS, ROOT, Measurement

_OURS = ("polars", "numba", "numpy", "lightgbm", "prefect", "mlflow")
_PEERS = ("duckdb", "polars", "pandas", "lightgbm", "shap", "woodelf-explainer", "sqlalchemy")
_OLDER = ("featuretools", "temporian", "pandas", "numpy")


def described() -> Measurement:
    """Processor, cores, memory, system, the commit, and versions by environment."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": psutil.virtual_memory().total,
        "system": f"{_system()}, Linux {platform.release()}, Python {platform.python_version()}",
        "commit": _git("rev-parse", "--short", "HEAD"),
        "Perdura": {name: version(name) for name in _OURS},
        "peers": _versions(PEERS, _PEERS),
        "peers in older company": _versions(OLDER, _OLDER),
    }


def _processor() -> str:
    """The model's name, and where that says little, its family too."""
    result = Path("/proc/cpuinfo").read_text()
    fields = dict(re.findall(r"^(model name|cpu family|model)\s*:\s*(.*)$", result, re.MULTILINE))
    return f"{fields['model name']} (family {fields['cpu family']}, model {fields['model']})"


def _system() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())


def _git(*words: str) -> str:
    result = subprocess.run(["git", *words], capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S607
    return result.stdout.strip()


def _versions(python: Path, names: tuple[str, ...]) -> dict[str, str]:
    if not python.exists():
        return {}
    code = "import json, sys; from importlib.metadata import version as v; print(json.dumps("
    code += "{n: v(n) for n in sys.argv[1:]}))"
    result = subprocess.run(
        [python, "-c", code, *names], capture_output=True, text=True, check=True
    )
    return json.loads(result.stdout)
