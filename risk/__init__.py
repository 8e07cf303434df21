"""The published table of risks that support people and their tools read."""

if not __name__.startswith("perdura."):
    raise ImportError(
        f"asked for the package {__name__!r}; Perdura's is imported as perdura.{__name__}: "
        f"write `import perdura.{__name__}` or `from perdura.{__name__} import ...`"
    )
