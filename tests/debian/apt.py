"""Debian's packages of programs that tests need."""

import os
import shutil
import subprocess


def program_path(program: str) -> str | None:
    """Where a program is, if it is installed: servers lie in /usr/sbin."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


def install(program: str, package: str, *, what: str, missing: str) -> None:
    """Install Debian's package of a program that is missing, where we may; else say it.

    Args:
        program: Its name.
        package: Debian's.
        what: What is installed and why, in words.
        missing: What to say where it cannot be installed.
    """
    if program_path(program):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(missing)  # noqa: T201
        return
    print(f"Installing {what} (once) ...")  # noqa: T201
    for words in (["update"], ["install", "-y", "--no-install-recommends", package]):
        if subprocess.run(["apt-get", "-qq", *words], check=False).returncode:
            print(missing)  # noqa: T201
            return
