"""What every flow needs of the machine: locks, parts, progress, scratch, errors in words."""
