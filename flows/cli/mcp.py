"""``perdura mcp``: an assistant asks whom to call, and why."""


def mcp() -> None:
    """Answer an assistant over standard input and output (MCP). It can only read."""
    from perdura.flows.settings import Settings
    from perdura.risk.out.mcp_server import mcp_server

    settings = Settings()
    mcp_server(settings.risk_url, settings.language).run("stdio")
