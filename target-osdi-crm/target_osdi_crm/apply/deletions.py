"""What is about to be deleted is kept in a file before, as the vendor shows it, so that it can be written again."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import filelock
import msgspec
from osdi_crm_client import work_dir

from target_osdi_crm.intake.arrivals import encode
from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from pathlib import Path

    from osdi_crm_client.account import Account

    from target_osdi_crm.apply.written import Decided
    from target_osdi_crm.decide.decision import Decision
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.task import WriteTask

DELETED = "deleted.jsonl"
"""The file in the working folder."""


def only_writer(folder: Path) -> filelock.BaseFileLock:
    """What is held while the file is written: another process may be about to replace it."""
    return filelock.FileLock(work_dir.file(folder, f"{DELETED}.lock"), mode=0o600)


class Deletions:
    """Keeps what one run deletes; safe to use from any thread."""

    def __init__(self, account: Account, journal: Journal, *, own_ids: bool) -> None:
        """Keep it for an account and a journal; the file is begun when there is something to keep.

        Args:
            account: The account.
            journal: Tells source and run.
            own_ids: Whether what records refer to is named by the vendor's ids.
        """
        self._folder = account.settings.folder
        self._run = {
            "run": journal.run,
            "vendor": account.vendor.name,
            "model": account.settings.model,
            "account": account.name,
            "source": journal.source,
            "own_ids": own_ids,
        }
        self._lock = threading.Lock()

    def keep(self, decided: Decided) -> None:
        """Keep records; they are on disk when this returns.

        Raises:
            VendorError: If the vendor does not show one.
            Stop: If there is no space.
        """
        lines = [line for task, decision in decided if (line := self._line(task, decision))]
        file = work_dir.file(self._folder, DELETED)
        with self._lock:
            try:
                with only_writer(self._folder), work_dir.opened(file, "a") as opened:
                    opened.writelines(encode({**self._run, **line}).decode() + "\n" for line in lines)
                    opened.flush()
                    os.fsync(opened.fileno())
            except OSError as error:
                raise Stop(CONFIGURATION, str(work_dir.cannot_be_written(file, error))) from None

    @staticmethod
    def _line(task: WriteTask, decision: Decision) -> dict[str, Any] | None:
        """What is kept of a record; nothing where the vendor has it no more."""
        stream, found, order = task.stream, decision.found, decision.order
        shown: dict[str, Any] | None = {}
        if found and order and not stream.batch_by:
            shown = stream.fetch(found.id, order)
        if shown is None:
            return None
        return {
            "at": time.time(),
            "stream": stream.name,
            "key": task.source_key,
            "id": found.id if found else None,
            "record": shown,
            "refers": task.shaped.refers,
            "came": msgspec.Raw(task.arrival.raw or b"{}"),
        }
