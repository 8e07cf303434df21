"""Compile the loops while something else is waited for, and say so where it takes long."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Thread

from perdura.flows.runtime.progress import step

# Reading loops that were compiled before takes less than this.
_UNSAID_SECONDS = 1.5


@contextmanager
def compiling() -> Generator[None]:
    """Until it ends, the loops are compiled beside what is done in it."""
    from perdura.features.ready import compile_loops

    compiler = Thread(target=compile_loops, daemon=True)
    compiler.start()
    yield
    compiler.join(_UNSAID_SECONDS)
    if compiler.is_alive():
        with step("compile the loops, once", {}):
            compiler.join()
