"""The landing: events as Parquet files by day, and what keeps them whole."""
