"""Churn prediction for subscription businesses: who may leave, why, what it costs, what to do.

The rooms are ``perdura.sources``, ``perdura.features``, ``perdura.models``, ``perdura.risk`` and
``perdura.flows``. In a checkout they are links to the folders beside this one.
"""

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent

# Where links cannot be made (Windows, an unpacked archive) the rooms are found beside this folder.
if not Path(__file__).with_name("sources").is_dir() and (_CHECKOUT / "sources").is_dir():
    __path__.append(str(_CHECKOUT))
