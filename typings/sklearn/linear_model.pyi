class LogisticRegression:
    def __init__(self, *, C: float = ..., max_iter: int = ..., solver: str = ...) -> None: ...  # noqa: N803
