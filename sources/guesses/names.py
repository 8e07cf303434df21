"""Names of files and columns, compared word by word."""

import re


def snake_case(name: str) -> str:
    """A name in small letters with its words apart: ``subscriptionId`` is ``subscription_id``."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")


def singulars(name: str) -> list[str]:
    """What one row of a file of that name may be called: ``customers`` is of a ``customer``."""
    words = snake_case(name)
    found = [words, words.removesuffix("s"), words.removesuffix("es")]
    if words.endswith("ies"):
        found.append(f"{words.removesuffix('ies')}y")
    return [*dict.fromkeys(one for whole in found for one in (whole, whole.rpartition("_")[2]))]
