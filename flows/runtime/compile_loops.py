"""Compile the loops while something else is waited for, and say so where it takes long."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Event, Thread

from perdura.flows.runtime.progress import step

_UNSAID_SECONDS = 1.5
_LOOKED_EVERY = 0.1


@contextmanager
def compiling() -> Generator[None]:
    """Until it ends, the loops are compiled beside what is done in it.

    Where they are only read, as they were compiled before, nothing is said however long it takes.
    """
    from perdura.features.ready import compile_loops, heard

    compiles = Event()
    compiler = Thread(target=compile_loops, daemon=True)
    with heard(compiles.set):
        compiler.start()
        yield
        compiler.join(_UNSAID_SECONDS)
        while compiler.is_alive() and not compiles.is_set():
            compiler.join(_LOOKED_EVERY)
        if compiler.is_alive():
            with step("compile the loops, once", {}):
                compiler.join()
