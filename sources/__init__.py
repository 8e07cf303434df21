"""What happened: immutable events, how they are read in, and the state they add up to."""

if not __name__.startswith("perdura."):
    from perdura.flat_imports import folders_of_user

    __path__ = folders_of_user(__name__)

import os

#: Options of Polars' allocator (jemalloc), unless the environment sets others: large pages,
#: and to keep for ten seconds what was freed. Work in parts frees and takes the same memory again
#: and again; giving it back in between was a tenth of a night.
ALLOCATOR = {"_RJEM_MALLOC_CONF": "thp:always,dirty_decay_ms:10000"}

# It is read when Polars is loaded, so whatever may load it first imports this package before.
for _name, _told in ALLOCATOR.items():
    os.environ.setdefault(_name, _told)
