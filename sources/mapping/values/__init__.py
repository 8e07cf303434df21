"""Values as people write them: numbers, times, ids, currencies."""
