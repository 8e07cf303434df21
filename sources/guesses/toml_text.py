"""Values as TOML writes them."""

import json
from collections.abc import Mapping


def as_toml(value: object) -> str:
    """A value as TOML writes it; expressions with quotation marks between three apostrophes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if ('"' in value or "\\" in value) and "'" not in value:
            return f"'{value}'"
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    return str(value)


def as_toml_key(name: str) -> str:
    """A key; in quotation marks where it is no bare one."""
    plain = name.replace("_", "").replace("-", "")
    return name if plain.isalnum() and name.isascii() else as_toml(name)


def as_inline_table(values: Mapping[str, object]) -> str:
    """A table in one line: ``{ on = "id", take = "email" }``."""
    pairs = ", ".join(f"{as_toml_key(name)} = {as_toml(value)}" for name, value in values.items())
    return f"{{ {pairs} }}"
