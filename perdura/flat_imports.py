"""A flat ``import models`` in a checkout: a user's own folder of that name, or what to write."""

import sys
from pathlib import Path


def folders_of_user(package: str) -> list[str]:
    """Every folder called ``package``, without ``__init__.py``, on the path of imports.

    Python takes a package anywhere on the path before a folder without ``__init__.py``, even one
    beside the notebook: so ours, where it is found flat, becomes the user's.

    Raises:
        ImportError: There is none. It says what to import instead.
    """
    folders = [Path(entry) / package for entry in sys.path]
    found = [
        str(folder)
        for folder in folders
        if folder.is_dir() and not (folder / "__init__.py").exists()
    ]
    if not found:
        raise ImportError(
            f"asked for the package {package!r}; Perdura's is imported as perdura.{package}: "
            f"write `import perdura.{package}` or `from perdura.{package} import ...`"
        )
    return found
