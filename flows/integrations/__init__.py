"""Help desks, files and webhooks: what flows tell other tools."""
