"""The compiled loop behind ``sources.landing.partition``. Import it only where texts are hashed."""

# pyright: standard
# numba types the loops, by the arrays that they are given.

import numpy as np
from numba import njit

_START, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_MIX, _MIX_AGAIN = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_HALF, _TOP = np.uint64(33), np.uint64(56)


@njit(cache=True, nogil=True)
def hash_texts(offsets: np.ndarray, data: np.ndarray, found: np.ndarray) -> None:
    """Into ``found``: eight bits for each text, which is ``data[offsets[i]:offsets[i + 1]]``."""
    for text in range(len(found)):
        bits = _START
        for byte in range(offsets[text], offsets[text + 1]):
            bits = (bits ^ np.uint64(data[byte])) * _PRIME
        # FNV-1a leaves short texts much alike in their top bits.
        bits = (bits ^ (bits >> _HALF)) * _MIX
        bits = (bits ^ (bits >> _HALF)) * _MIX_AGAIN
        found[text] = bits >> _TOP
