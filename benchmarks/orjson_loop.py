"""About the least that reading pages can cost in Python: urllib3 and orjson in a loop, records written as they came."""

from __future__ import annotations

import sys

import orjson  # type: ignore[import-not-found, unused-ignore]  # comes with the benchmarks alone
import urllib3


def main() -> None:
    """Follow the pages of a collection, and write every record as a line of JSON."""
    key, url = sys.argv[1:]
    pool = urllib3.PoolManager(headers={"OSDI-API-Token": key})
    while url:
        response = pool.request("GET", url)
        if response.status != 200:
            sys.exit(f"HTTP {response.status}")
        page = orjson.loads(response.data)
        records = page.get("_embedded", {}).get("osdi:people", [])
        for record in records:
            sys.stdout.buffer.write(orjson.dumps(record) + b"\n")
        url = records and page["_links"].get("next", {}).get("href")


if __name__ == "__main__":
    main()
