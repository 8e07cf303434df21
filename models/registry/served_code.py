"""The code with which MLflow serves registered versions: the current code, also in old versions.

MLflow stores a copy of ``predictor/pyfunc.py`` with each version. A copy imports modules by the
names that they had then, so an old version could not be served once a module has moved.
"""

from pathlib import Path

from perdura.models.registry.store_paths import store_folder, unless_read_only

#: The file that is logged with each version.
SERVED_CODE = Path(__file__).resolve().parents[1] / "predictor" / "pyfunc.py"

# The names that copies have had.
_NAMES = ("served.py", "pyfunc.py")


def renew_served_code(home: Path) -> None:
    """Replace each stored copy that is not current; none where the home cannot be written."""
    code = SERVED_CODE.read_text(encoding="utf-8")
    for folder in (store_folder(home) / "artifacts" / "models").glob("*/artifacts"):
        for copy in (folder / name for name in _NAMES):
            if copy.is_file() and copy.read_text(encoding="utf-8") != code:
                with unless_read_only():
                    draft = copy.with_name(f"{copy.name}.partial")
                    draft.write_text(code, encoding="utf-8")
                    draft.replace(copy)
