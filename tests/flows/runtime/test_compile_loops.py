"""That loops are compiled is said where they are, and not where they are read, however slowly."""

from time import sleep

import pytest
from numba import njit

from perdura.features import ready
from perdura.flows.runtime import compile_loops
from perdura.flows.runtime.compile_loops import compiling


def compiled(one: int) -> int:
    return njit(lambda number: number + one)(1)


@pytest.mark.parametrize(
    ("loops", "said"),
    [(lambda: sleep(0.2), False), (lambda: (compiled(1), sleep(0.2)), True)],
    ids=["read slowly", "compiled"],
)
def test_only_what_is_compiled_is_said(loops, said, monkeypatch, capfd):
    monkeypatch.setattr(ready, "compile_loops", loops)
    monkeypatch.setattr(compile_loops, "_UNSAID_SECONDS", 0.0)
    with compiling():
        pass
    assert ("compile the loops" in capfd.readouterr().err) is said
