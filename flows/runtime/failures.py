"""What the machine did not allow, in words: a full disk, a folder or a file that cannot be written.

Libraries say it with statements, addresses and tracebacks, each in its own way.
"""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from perdura.flows.runtime.safe_text import is_ours
from perdura.flows.runtime.writable_home import WRITABLE
from perdura.sources.landing.full_disk import DiskFull, is_full

_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
_LIBRARIES = {"prefect": "Prefect", "httpx": "Prefect's server", "mlflow": "MLflow"}
_LITTLE = 2**20  # bytes


def failure_in_words(error: BaseException, home: Path) -> str | None:
    """What to say of an error of the machine's; ``None`` where it is none of these."""
    package = type(error).__module__.partition(".")[0]
    if is_ours(error) and type(error).__name__ != "StepFailed":
        return None  # says it itself
    if is_full(error):
        return str(DiskFull(_full_folder(error, home)))
    for cause in _chain(error):
        if words := _of_one(cause, home):
            return words
    if package not in _LIBRARIES:
        return None
    if _free(_fullest(home)) < _LITTLE:
        return str(DiskFull(_fullest(home)))
    said = str(error).partition("[SQL:")[0].strip().partition("\n")[0]
    return (
        f"{_LIBRARIES[package]} could not do its part: {said}. What it keeps lies under "
        f"{home.absolute()}; PERDURA_DEBUG=1 shows where it failed"
    )


def _of_one(error: BaseException, home: Path) -> str | None:
    said = str(getattr(error, "orig", None) or error)
    if "disk I/O error" in said and _free(_fullest(home)) < _LITTLE:  # no room for an index of it
        return str(DiskFull(_fullest(home)))
    if "database is locked" in said:
        return (
            f"a database in {home.absolute()} is in use by another program, which has not let go "
            "of it; end that program, or run the same command again later"
        )
    if "readonly database" in said or "unable to open database file" in said:
        return f"a database in {home.absolute()} cannot be written: {said}; {WRITABLE}"
    if isinstance(error, OSError) and error.errno in _NOT_ALLOWED and error.filename:
        return f"{error.filename} cannot be used: {error.strerror}; {WRITABLE}"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _full_folder(error: BaseException, home: Path) -> Path:
    """Where there is no room. Of a copy that failed, an error may name what it was made of."""
    of_system = [cause for cause in _chain(error) if isinstance(cause, OSError)]
    names = [cause.filename2 for cause in of_system] + [cause.filename for cause in of_system]
    named = next((Path(str(name)).parent for name in names if name), None)
    fullest = _fullest(home)
    if named is None or (_free(named) >= _LITTLE > _free(fullest)):
        return fullest
    return named


def _fullest(home: Path) -> Path:
    """Where there is least room, of the folders that are written to."""
    places = (home, Path(tempfile.gettempdir()))
    return min(places, key=_free)


def _free(folder: Path) -> int:
    """Bytes that are free on its disk; it need not be there yet."""
    parts = (folder.absolute(), *folder.absolute().parents)
    return shutil.disk_usage(next(cause for cause in parts if cause.exists())).free
