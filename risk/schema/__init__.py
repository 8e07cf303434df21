"""Every table, view and role of the risk database, and nothing else."""
