class OneHotEncoder:
    def __init__(
        self,
        *,
        handle_unknown: str = ...,
        max_categories: int | None = ...,
        min_frequency: int | None = ...,
    ) -> None: ...

class StandardScaler:
    def __init__(self) -> None: ...
