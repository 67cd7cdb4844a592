"""Settings, addresses, system checks, request ids: what ties the parts to a deployment."""

import os

# Polars' allocator (jemalloc) would keep freed memory for later, a quarter of what a large run holds at its peak; it is
# given back at once instead. Read when Polars is loaded, so said here, before anything loads it.
os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:2,dirty_decay_ms:0,muzzy_decay_ms:0")
