"""Source files as frames: CSV, TSV, fixed width, JSON lines, Parquet, by any encoding."""
