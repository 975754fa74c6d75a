"""What a dry run would do: one line per record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_osdi_crm.report.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Plan:
    """The file `plan.jsonl`: keys and names of fields, and values only where asked for."""

    def __init__(self, work_dir: Path, *, values: bool) -> None:
        """Begin the file, with values or without."""
        self._lines = Lines(work_dir, "plan.jsonl")
        self._values = values

    def add(
        self,
        key: tuple[str, str],
        line: int | None,
        plan: str,
        *,
        fields: Sequence[str] = (),
        values: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> None:
        """Note what would become of one record."""
        stream, source_key = key
        entry: dict[str, Any] = {"stream": stream, "key": source_key, "line": line, "plan": plan}
        if fields:
            entry["fields"] = list(fields)
        if reason:
            entry["reason"] = reason
        if self._values and values:
            entry["values"] = values
        self._lines.add(entry)

    def close(self) -> None:
        """End the file."""
        self._lines.close()
