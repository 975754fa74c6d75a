"""What a run tells while it goes on: it counts, plans, and names what is not written."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING

from target_osdi_crm.rejects import AMBIGUOUS
from target_osdi_crm.report.lines import Lines
from target_osdi_crm.report.plan import Plan
from target_osdi_crm.report.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from target_osdi_crm.rejects import Rejection
    from target_osdi_crm.settings import TargetSettings
    from target_osdi_crm.task import WriteTask

logger = logging.getLogger("target-osdi-crm")

MOST_LINES = 10
"""Log lines for records of one stream that are not written for one reason; the others stand in the file alone."""


class Report:
    """Tells what becomes of records; safe to use from any thread.

    Attributes:
        summary: The counts.
        plan: The file `plan.jsonl`, in a dry run.
    """

    def __init__(self, settings: TargetSettings, work_dir: Path) -> None:
        """Begin the files."""
        self.summary = Summary()
        self.plan = Plan(work_dir, values=settings.plan_values) if settings.dry_run else None
        self._rejected = Lines(work_dir, "rejected.jsonl")
        self._guard = threading.Lock()
        self._told: Counter[tuple[str, str]] = Counter()
        self._incomplete: dict[tuple[str, str], str] = {}

    def count(self, task: WriteTask, column: str, *details: str, incomplete: bool = False) -> None:
        """Count a record in a column of the summary, and there by details.

        One that was written `incomplete` counts once, however it is completed; where it cannot be, as that.
        """
        stream = task.stream.name
        with self._guard:
            before = self._incomplete.pop(task.key, None) if task.stored else None
            if before and column in {"updated", "unchanged"}:
                column = before
            elif before:
                self.summary.count(stream, before, -1)
            if incomplete:
                self._incomplete[task.key] = column
        if column != before:
            self.summary.count(stream, column)
        for detail in details:
            self.summary.detail(stream, column, detail)

    def note(self, task: WriteTask, plan: str, reason: str | None = None) -> None:
        """Note what a dry run would do about a record."""
        if self.plan:
            self.plan.add(task.key, task.arrival.line, plan, reason=reason)

    def withheld(self, task: WriteTask, what: str) -> None:
        """Count what of a record is left out on purpose."""
        self.summary.detail(task.stream.name, "withheld", what)

    def replaced(self, task: WriteTask, where: str) -> None:
        """Count characters of a record that were replaced."""
        self.summary.detail(task.stream.name, "replaced", f"characters in {where}")

    def consent(self, task: WriteTask, counted: Iterable[str]) -> None:
        """Count what became of consent."""
        for what in counted:
            self.summary.detail(task.stream.name, "consent", what)

    def rejected(self, task: WriteTask, rejection: Rejection) -> None:
        """Count a record that is refused, and tell of it."""
        self.count(task, "rejected", rejection.reason)
        self.note(task, "ambiguous" if rejection.code == AMBIGUOUS else "reject", reason=str(rejection))
        self.not_written(task, rejection)

    def not_written(self, task: WriteTask, rejection: Rejection) -> None:
        """Tell people about a record that was not written: in full in the file, by its name in the log.

        The vendor's words stand in the file alone, since they may repeat what was sent.
        """
        stream, reason, why = task.stream.name, rejection.reason, rejection.why
        self._rejected.add(
            {
                "stream": stream,
                "key": task.source_key,
                "line": task.arrival.line,
                "status": rejection.status,
                "code": rejection.code,
                "reason": reason,
                "words": rejection.words,
            }
        )
        with self._guard:
            self._told[stream, reason] += 1
            told = self._told[stream, reason]
        level = logging.WARNING if told <= MOST_LINES else logging.DEBUG
        more = " (further ones stand in rejected.jsonl alone)" if told == MOST_LINES else ""
        what = why if why.startswith(reason) else ": ".join(filter(None, (reason, why)))
        logger.log(level, "Not written: %s: %s%s", task.name, what, more)

    def close(self) -> None:
        """End the files."""
        self._rejected.close()
        if self.plan:
            self.plan.close()
