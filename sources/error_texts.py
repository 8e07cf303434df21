"""What libraries say of rows, without the values that they quote."""

import re

#: What Polars and Arrow quote: names of columns and types, and values of rows.
_QUOTED = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\[.*\]")
_NAMES = ("column", "conversion from", "to", "dtype", "type")


def without_values(error: BaseException) -> str:
    """What a library has to say of rows, in one line, without the values that it quotes.

    Of what it quotes only the names of types and columns are kept: all else may be of a subscriber.
    """
    if type(error) is ValueError:  # ours, which quotes names of columns alone
        return first_line(error)

    def kept(quoted: re.Match[str]) -> str:
        before, text = quoted.string[: quoted.start()].rstrip(), quoted.group()
        return text if before.endswith(_NAMES) else f"{text[0]}...{text[-1]}"

    return _QUOTED.sub(kept, first_line(error))


def first_line(error: BaseException) -> str:
    """What a library has to say, in one line."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
