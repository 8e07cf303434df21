"""Refuse arguments of a tool in words: what was asked, what was found, what is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, InputRequiredResult
from pydantic import ValidationError

_SHOWN = 60


class WordedServer(MCPServer):
    """A server with errors in words that an assistant can act on.

    An argument that a tool does not have is an error too, where the SDK's own server drops it.
    """

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """The tool's answer.

        Raises:
            ToolError: Says which tools there are, or which arguments the tool takes; or what the
                tool says itself.
        """
        schemas = {tool.name: tool.input_schema for tool in await self.list_tools()}
        if name not in schemas:
            raise ToolError(f"asked for the tool {shown(name)}; there are {', '.join(schemas)}")
        taken: Mapping[str, Mapping[str, Any]] = schemas[name]["properties"]
        if sentences := list(_unknown(arguments, taken)):
            raise ToolError(f"asked {name}: {'; '.join(sentences)}")
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            wrong = {str(one["loc"][0]) for one in error.__cause__.errors()}
            sentences = [
                _unfit(argument, arguments, taken[argument])
                for argument in taken
                if argument in wrong
            ]
            raise ToolError(f"asked {name}: {'; '.join(sentences)}") from None


def _unknown(arguments: Mapping[str, Any], taken: Mapping[str, Any]) -> Iterator[str]:
    takes = f"it takes {', '.join(taken)}" if taken else "it takes none"
    for argument in arguments:
        if argument not in taken:
            yield f"found the argument {shown(argument)}, which it does not have; {takes}"


def _unfit(argument: str, arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if argument not in arguments:
        return f"{argument} is missing; allowed is {allowed(schema)}"
    return f"found {argument} = {shown(arguments[argument])}; allowed is {allowed(schema)}"


def allowed(schema: Mapping[str, Any]) -> str:
    """What an argument may be, in words, from its JSON schema."""
    match schema:
        case {"anyOf": [*kinds]}:
            return " or ".join(allowed(kind) for kind in kinds)
        case {"type": "null"}:
            return "nothing"
        case {"enum": [*values]}:
            return f"one of {', '.join(map(str, values))}"
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"a whole number from {least} to {most}"
        case {"type": "string", "maxLength": most}:
            return f"a text of at most {most} characters"
        case _:
            return {"string": "a text"}.get(schema["type"], str(schema["type"]))


def shown(value: object) -> str:
    """A value that was given, on one line, its first characters if it is long."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text):,} characters)"
