"""The rules that events keep: a row is refused by the first one it breaks."""
