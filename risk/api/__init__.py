"""The risk table over HTTP, for the tools of support."""
