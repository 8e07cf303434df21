"""The published table of risks that support people and their tools read."""

if not __name__.startswith("perdura."):
    from perdura.flat_imports import folders_of_user

    __path__ = folders_of_user(__name__)
