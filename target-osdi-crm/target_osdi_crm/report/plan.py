"""What a dry run would do: one line per record, and the table that is shown of them."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import ConfigurationError

from target_osdi_crm.report.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

COLUMNS = ("stream", "key", "plan", "field", "old", "new", "reason")
_NAME = "plan.jsonl"


class Plan:
    """The file `plan.jsonl`: keys and names of fields, and values only where asked for."""

    def __init__(self, work_dir: Path, *, values: bool) -> None:
        """Begin the file, with values or without."""
        self._lines = Lines(work_dir, _NAME)
        self._values = values

    def add(
        self,
        key: tuple[str, str],
        line: int | None,
        plan: str,
        *,
        fields: Sequence[str] = (),
        values: Mapping[str, Any] | None = None,
        consent: Mapping[str, str] | None = None,
        before: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> None:
        """Note what would become of one record.

        Args:
            key: Its stream, and its key at the source.
            line: The line of the input that it came on.
            plan: What would be done, such as `create` or `update`.
            fields: Paths of what would change.
            values: What would be sent.
            consent: What would be sent of it, by channel.
            before: What the vendor shows now.
            reason: Why it would not be written.
        """
        stream, source_key = key
        entry: dict[str, Any] = {"stream": stream, "key": source_key, "line": line, "plan": plan}
        if fields:
            entry["fields"] = list(fields)
        if consent:
            entry["consent"] = dict(consent)
        if reason:
            entry["reason"] = reason
        if self._values and values:
            entry["values"] = values
            if before:
                entry["before"] = {field: _at(before, field) for field in fields}
        self._lines.add(entry)

    def close(self) -> None:
        """End the file."""
        self._lines.close()


def read(work_dir: Path) -> list[dict[str, Any]]:
    """Return the lines of the last dry run, in the order of its input.

    Raises:
        ConfigurationError: If there is none in the working folder.
    """
    try:
        text = (work_dir / _NAME).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"There is no plan in {work_dir} ({error.strerror}): no dry run has been.") from None
    return sorted(map(json.loads, text.splitlines()), key=lambda line: line["line"] or 0)


def ended(work_dir: Path) -> float:
    """Return when the last dry run wrote its last line, in seconds since the epoch."""
    return (work_dir / _NAME).stat().st_mtime


def rows(lines: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """Return what the lines say, as `COLUMNS`: a row for each field of an update, one for any other record."""
    return [row for line in lines for row in _rows(line)]


def totals(lines: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    """Return how many records there are by stream and plan."""
    counts = Counter((line["stream"], line["plan"]) for line in lines)
    return [[*which, counts[which]] for which in sorted(counts)]


def _rows(line: Mapping[str, Any]) -> Iterator[list[str]]:
    head, reason = [line["stream"], line["key"], line["plan"]], line.get("reason", "")
    fields, values, before = line.get("fields", ()), line.get("values", {}), line.get("before")
    consent = _consent(line.get("consent", {}))
    if before is None:
        yield [*head, ", ".join(fields), "", _text(values) if values else consent, reason]
        return
    for field in fields:
        yield [*head, field, _text(before[field]), _text(_at(values, field)) or consent, reason]


def _consent(channels: Mapping[str, str]) -> str:
    """The status of all channels if it is the same, else that of each."""
    if len({*channels.values()}) == 1:
        return next(iter(channels.values()))
    return ", ".join(f"{channel} {status}" for channel, status in sorted(channels.items()))


def _at(record: Mapping[str, Any], path: str) -> Any:
    """What lies at a dotted path; of a list, its first entry."""
    found: Any = record
    for name in path.split("."):
        if isinstance(found, list):
            found = found[0] if found else None
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
