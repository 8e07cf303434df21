"""The absolute paths in MLflow's database, rewritten when the home is moved or copied.

MLflow stores the location of each artifact as an absolute path and cannot store it relative to
the database (its issues 3144 and 645; 3.17 still resolves a relative path when an experiment is
made). A copied home would read and write the original's files.
"""

import errno
import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

#: Name of the experiment that every run of a home is in.
EXPERIMENT = "churn"

#: The settings of a home.
SETTINGS_FILE = "perdura.toml"

# Where MLflow 3.17 keeps paths of artifacts: the list of its own `mlflow.store.db.workspace_move`
# and, of registered models, what `get_model_version_download_uri` reads.
_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("trace_tags", "value"),
)
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_NOT_PERMITTED = {errno.EACCES, errno.EPERM, errno.EROFS}


class OutsideTheHome(LookupError):
    """MLflow's database names files that are not in the home. They were not read."""


def store_folder(home: Path) -> Path:
    """The folder of runs, models and their database."""
    return home.absolute() / "mlruns"


def database_file(home: Path) -> Path:
    """MLflow's database."""
    return store_folder(home) / "mlflow.db"


def recorded_store(home: Path) -> Path | None:
    """The store folder as the database names it; after a move that is the old one.

    ``None`` where there is no database yet, or no run has been logged in it.
    """
    file = database_file(home)
    if not file.exists():
        return None
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        return _recorded(database)


def in_home(home: Path, location: str) -> Path:
    """The path in ``home`` of files that the database names by ``location``, an absolute path.

    Nothing is written, so a home that is mounted read-only can be read at any path.

    Raises:
        OutsideTheHome: ``location`` lies outside of the store.
    """
    recorded = recorded_store(home)
    path = Path(location)
    if recorded is None or ".." in path.parts or not path.is_relative_to(recorded):
        raise OutsideTheHome(
            f"asked for the files at {location}; they are not in {store_folder(home)}, and nothing "
            "outside of a home is read. Train a new model (perdura train)"
        )
    return store_folder(home) / path.relative_to(recorded)


def relocate(home: Path) -> None:
    """Rewrite the paths in the store of a home that was moved or copied; otherwise do nothing.

    All paths change in one transaction, so an interruption leaves either the old or the new ones,
    and of two processes that start together one does it. A store that cannot be written stays as
    it is. Afterwards MLflow's own tools find the files, too. Paths in the settings file of the
    home that pointed into the old home are rewritten as well.
    """
    here = store_folder(home)
    if (recorded := recorded_store(home)) is None or _is_same(recorded, here):
        return
    with unless_read_only():
        _rewrite_files(here, recorded)
    file = database_file(home)
    with (
        unless_read_only(),
        closing(sqlite3.connect(file, timeout=60, isolation_level=None)) as database,
    ):
        database.execute("BEGIN IMMEDIATE")
        recorded = _recorded(database)  # another process may have been first
        if recorded is not None and not _is_same(recorded, here):
            for table, column in _COLUMNS:
                # Table and column are constants; values are passed as parameters.
                database.execute(
                    f"UPDATE {table} SET {column} = :new || substr({column}, length(:old) + 1) "  # noqa: S608
                    f"WHERE {column} = :old OR substr({column}, 1, length(:old) + 1) = :old || '/'",
                    {"old": str(recorded), "new": str(here)},
                )
        database.execute("COMMIT")


def _recorded(database: sqlite3.Connection) -> Path | None:
    """The store by the location of the experiment, ``<store>/artifacts``."""
    tables = database.execute("SELECT name FROM sqlite_master WHERE name = 'experiments'")
    if tables.fetchone() is None:  # MLflow is making the database right now
        return None
    row = database.execute(
        "SELECT artifact_location FROM experiments WHERE name = ?", (EXPERIMENT,)
    ).fetchone()
    return Path(row[0]).parent if row and Path(row[0]).is_absolute() else None


def _rewrite_files(here: Path, recorded: Path) -> None:
    """Rewrite paths in each model's ``MLmodel`` file and in the settings."""
    for file in sorted((here / "artifacts" / "models").glob("*/artifacts/MLmodel")):
        _replace_in(file, f"artifact_path: {recorded}/", f"artifact_path: {here}/")
    settings = here.parent / SETTINGS_FILE
    for scheme in ("", "sqlite:///") if settings.exists() else ():
        # As TOML text without its closing quote: the beginning of a path.
        before, now = (
            json.dumps(f"{scheme}{folder.parent}/", ensure_ascii=False)[:-1]
            for folder in (recorded, here)
        )
        _replace_in(settings, before, now)


def _replace_in(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    if old in text:
        draft = file.with_name(f"{file.name}.partial")
        draft.write_text(text.replace(old, new), encoding="utf-8")
        draft.replace(file)


def _is_same(recorded: Path, here: Path) -> bool:
    """Whether both are the same folder, also through links or mounts."""
    return recorded == here or (recorded.exists() and recorded.samefile(here))


@contextmanager
def unless_read_only() -> Generator[None]:
    """Skip the body's writes where the file system is read-only."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_PERMITTED:
            raise
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _READ_ONLY:
            raise
