"""What is about to be deleted is kept in a file before, as the vendor shows it, so that it can be written again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
from osdi_crm_client.errors import ConfigurationError

from target_osdi_crm.apply import deleted_file
from target_osdi_crm.journal.store import DAY
from target_osdi_crm.stop import CONFIGURATION, Stop

if TYPE_CHECKING:
    from osdi_crm_client.account import Account

    from target_osdi_crm.apply.written import Decided
    from target_osdi_crm.decide.decision import Decision
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.task import WriteTask


def forget(account: Account, keep_days: int) -> None:
    """Erase what was deleted of an account so many days ago; 0 keeps it.

    Raises:
        ConfigurationError: If the file cannot be written.
    """
    whose, before = (account.vendor.name, account.name), time.time() - keep_days * DAY
    if keep_days:
        deleted_file.keep(
            account.settings.folder,
            lambda line: line["at"] >= before or (line["vendor"], line["account"]) != whose,
        )


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

    def keep(self, decided: Decided) -> None:
        """Keep records; they are on disk when this returns.

        Raises:
            VendorError: If the vendor does not show one.
            Stop: If there is no space.
        """
        lines = [line for task, decision in decided if (line := self._line(task, decision))]
        try:
            deleted_file.append(self._folder, [{**self._run, **line} for line in lines])
        except ConfigurationError as error:
            raise Stop(CONFIGURATION, str(error)) from None

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
