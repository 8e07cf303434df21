"""``perdura mcp``: an assistant asks which subscribers to call, and why."""

from perdura.flows.cli.root import app


@app.command()
def mcp() -> None:
    """Run the MCP server on standard input and output (read only)."""
    from perdura.flows.settings import Settings
    from perdura.risk.out.mcp_server import mcp_server

    settings = Settings()
    mcp_server(settings.risk_url, settings.language).run("stdio")
