"""From somebody's own tables to our events: a mapping file, reading, checking, counting."""
