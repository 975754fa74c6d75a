"""What a run did: counted while it runs, shown as a table at the end, kept as a file."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from osdi_crm_client import work_dir
from osdi_crm_client.redaction import OwnLines, on_one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COLUMNS = (
    "read",
    "created",
    "updated",
    "deleted",
    "unchanged",
    "skipped",
    "rejected",
    "standing",
    "unknown",
    "waiting",
)
"""Standing are records rejected in an earlier run and not tried again, waiting those that the next run takes up."""


class Summary:
    """Counts, by stream; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._details: defaultdict[str, defaultdict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._started = time.time()

    def count(self, stream: str, what: str, number: int = 1) -> None:
        """Count one of `COLUMNS`."""
        with self._lock:
            self._counts[stream][what] += number

    def detail(self, stream: str, kind: str, what: str) -> None:
        """Count something of a kind: one of `COLUMNS`, `consent`, `withheld`, `replaced` or `unread`."""
        with self._lock:
            self._details[stream][kind][what] += 1

    def total(self, what: str) -> int:
        """One count over all streams."""
        with self._lock:
            return sum(counts[what] for counts in self._counts.values())

    def result(self, **more: Any) -> dict[str, Any]:
        """Everything, as it goes into the file."""
        with self._lock:
            return {
                **more,
                "started": self._started,
                "seconds": round(time.time() - self._started, 2),
                "streams": {
                    stream: {column: counts[column] for column in COLUMNS}
                    | {f"{kind}_by": dict(what) for kind, what in self._details[stream].items()}
                    for stream, counts in sorted(self._counts.items())
                },
            }


def table(result: Mapping[str, Any]) -> OwnLines:
    """The result as lines for people."""
    columns = [
        column
        for column in COLUMNS
        if column in COLUMNS[:5] or any(counts[column] for counts in result["streams"].values())
    ]
    width = max([len(stream) for stream in result["streams"]] + [6])
    lines = [" ".join([f"{'stream':<{width}}", *(f"{column:>9}" for column in columns)])]
    for stream, counts in result["streams"].items():
        lines.append(" ".join([f"{stream:<{width}}", *(f"{counts[column]:>9,}" for column in columns)]))
    for stream, counts in result["streams"].items():
        for kind, found in counts.items():
            if kind.endswith("_by"):
                reasons = ", ".join(f"{what} {number:,}" for what, number in sorted(found.items()))
                lines.append(f"{stream}, {kind.removesuffix('_by')}: {reasons}")
    if to_write := result.get("to_write"):
        minutes = f", {to_write['minutes']:,} minutes at the vendor's pace" if to_write["minutes"] is not None else ""
        lines.append(f"Writing this takes about {to_write['calls']:,} calls{minutes}")
    if result["people_are"]:
        lines.append(f"People are {result['people_are']}")
    read = sum(counts["read"] for counts in result["streams"].values())
    each = f"; {result['calls'] / read:.2f} calls a record" if read else ""
    lines.append(
        f"{result['calls']:,} calls, {result['refused_429']:,} of them refused for their pace (429),"
        f" in {result['seconds']:,} seconds{each}"
    )
    return OwnLines("\n".join(map(on_one_line, lines)))


def keep(folder: Path, result: Mapping[str, Any]) -> None:
    """Write the result to `summary.json`.

    Raises:
        ConfigurationError: If that cannot be written.
    """
    name = work_dir.file(folder, "summary.json")
    try:
        with work_dir.opened(name, "w") as file:
            json.dump(result, file, indent=2)
            file.write("\n")
    except OSError as error:
        raise work_dir.cannot_be_written(name, error) from None
