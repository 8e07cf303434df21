"""How requests to Zendesk say who asks."""

from base64 import b64encode


def headers_of(token: str, email: str | None) -> dict[str, str]:
    """The header of an API token, which belongs to an administrator, or of an OAuth token."""
    if email is None:
        return {"authorization": f"Bearer {token}"}
    told = b64encode(f"{email}/token:{token}".encode()).decode()
    return {"authorization": f"Basic {told}"}
