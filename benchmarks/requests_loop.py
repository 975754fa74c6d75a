"""A plain loop with one `requests.Session`: follows the pages of a collection, or makes the calls listed in a file."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator


def pages(session: requests.Session, url: str | None) -> Iterator[Any]:
    """Yield the pages of a collection, up to the first empty one or the last link."""
    while url:
        page = answer(session, "GET", url)
        yield page
        url = page.get("_embedded") and page["_links"].get("next", {}).get("href")


def answer(session: requests.Session, method: str, url: str, query: Any = None, body: Any = None) -> Any:
    """Make one call and decode its answer."""
    response = session.request(method, url, params=query, json=body, timeout=60)
    response.raise_for_status()
    return response.json()


def main() -> None:
    """Write every embedded record as a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key")
    parser.add_argument("url", nargs="?")
    parser.add_argument("--calls", type=Path)
    given = parser.parse_args()
    session = requests.Session()
    session.headers["OSDI-API-Token"] = given.key
    if given.calls:
        with given.calls.open(encoding="utf-8") as lines:
            _write(answer(session, *json.loads(line)) for line in lines)
    else:
        _write(pages(session, given.url))


def _write(answers: Iterator[Any]) -> None:
    for found in answers:
        for records in found.get("_embedded", {}).values():
            for record in records:
                sys.stdout.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
