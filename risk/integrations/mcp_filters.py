"""The filters of lists as parameters of a tool of MCP, and their values as a list takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, get_args, get_origin

from pydantic import Field
from pydantic.fields import FieldInfo

from perdura.risk.query.filters import Filters, ForAssistants

_FOR_ASSISTANTS = {
    name: (info, note)
    for name, info in Filters.model_fields.items()
    for note in info.metadata
    if isinstance(note, ForAssistants)
}


def with_filters(tool: Callable[..., Any]) -> Callable[..., Any]:
    """The tool, its ``**filters`` replaced by one parameter for each filter for assistants."""

    @wraps(tool)
    def with_parameters(**arguments: Any) -> Any:
        return tool(**arguments)

    plain = signature(tool, eval_str=True)
    own = [p for p in plain.parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
    filters = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=_type(info, note))
        for name, (info, note) in _FOR_ASSISTANTS.items()
    ]
    with_parameters.__signature__ = plain.replace(parameters=[*own, *filters])  # pyright: ignore[reportAttributeAccessIssue]
    return with_parameters


def filters_of(arguments: Mapping[str, Any]) -> Filters:
    """The filters of a list of contacts to make: without the control group."""
    values: dict[str, Any] = {
        name: [value] if isinstance(Filters.model_fields[name].default, list) else value
        for name, value in arguments.items()
        if value is not None
    }
    return Filters.model_construct(held_out=False, **values)


def _type(info: FieldInfo, note: ForAssistants) -> Any:
    """One of the filter's values, or null."""
    is_list = isinstance(info.default, list)
    value: Any = get_args(info.annotation)[0] if is_list else info.annotation
    is_text = get_origin(value) is Annotated
    kind: Any = Annotated[str | None, Field(max_length=200)] if is_text else value | None
    return (
        kind if note.description is None else Annotated[kind, Field(description=note.description)]
    )
