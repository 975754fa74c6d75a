"""Run by the Python of PyAirbyte: reads a source into a cache, and prints how many records came and how many are there.

Takes the source's command, its settings, the cache's file and the streams as JSON on standard input.
"""

from __future__ import annotations

import json
import sys

import airbyte as ab

given = json.load(sys.stdin)
source = ab.get_source(
    "source-osdi-crm", local_executable=given["command"], config=given["config"], install_if_missing=False
)
source.check()
available = source.get_available_streams()
source.select_streams(given["streams"] or available)
cache = ab.caches.DuckDBCache(db_path=given["cache"])
result = source.read(cache=cache)
rows = {name: len(cache[name].to_pandas()) for name in result.streams}
print("\n" + json.dumps({"available": available, "moved": result.processed_records, "rows": rows}))  # noqa: T201
