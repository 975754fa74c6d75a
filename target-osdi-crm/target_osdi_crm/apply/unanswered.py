"""Creates without an answer: what became of them is found out before anything is sent again."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from osdi_crm_client import errors

from target_osdi_crm.intake.values import decode
from target_osdi_crm.journal.states import Event, after
from target_osdi_crm.vendor import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osdi_crm_client.account import Account

    from target_osdi_crm.decide.references import References
    from target_osdi_crm.decide.search_index import SearchIndex
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.task import WriteTask
    from target_osdi_crm.vendor import Found, Record, Shaped

LONGEST_AGO = 7 * 86_400.0
"""Seconds before now from which on is searched for what was sent at a time that has not come yet by this clock."""


class Unanswered(Exception):
    """Whether the vendor has acted on this record is not known, and asking again might do it twice."""

    def __init__(self, error: errors.VendorError | errors.ConfigurationError) -> None:
        """Keep what came instead of an answer."""
        super().__init__(str(error))
        self.error = error


class Unknowable(Exception):
    """The same, and nothing will ever tell."""


class UnansweredCreates:
    """Looks up what unanswered creates have left behind.

    Attributes:
        deciding: A hash of the settings that decide, under which a create is sent.
    """

    def __init__(
        self,
        account: Account,
        journal: Journal,
        *,
        references: References,
        index: SearchIndex,
        shape: Callable[[WriteTask, Record], Shaped],
        deciding: bytes,
    ) -> None:
        """Make ready.

        Args:
            account: Tells the vendor's time.
            journal: The journal.
            references: Knows what records referred to.
            index: Knows when a search shows what was written.
            shape: Shapes a record as it was sent.
            deciding: A hash of the settings by which an identifier is made, among others.
        """
        self._account = account
        self._journal = journal
        self._references = references
        self._index = index
        self._shape = shape
        self.deciding = deciding
        self._claiming = threading.Lock()

    def clear_up(self, task: WriteTask) -> None:
        """Find out what became of a creation that was not answered, before it is tried again.

        Raises:
            Unknowable: If nobody can tell.
            Unanswered: If the vendor cannot be asked.
        """
        row = task.row
        found = self._left_behind(task)
        with self._claiming:
            for each in found:
                if not self._journal.claimed(row.stream, each.id):
                    task.row = after(row, Event.FIND, vendor_id=each.id, channels=row.channels)
                    self._journal.write(task.row)
                    return
        task.row = after(row, Event.NOT_CREATED)

    def _left_behind(self, task: WriteTask) -> Sequence[Found]:
        """What an unanswered creation may have left behind that cannot be repeated; raises what `clear_up` does."""
        row = task.row
        sent = self._as_sent(task)
        if sent.stream.is_idempotent(sent):
            return ()
        sent_at = row.sent_at or 0.0
        self._index.wait(row.at)
        needed = {name: to for name, to in sent.refers.items() if name not in sent.stream.optional_refers}
        orders = [sent] if needed == sent.refers else [sent, replace(sent, refers=needed)]
        found: Sequence[Found] | None = ()
        try:
            age = time.time() - sent_at
            before = self._account.now() - timedelta(seconds=age + 2 if age >= 0 else LONGEST_AGO)
            for order in orders:
                found = found or order.stream.search_unanswered(order, before)
        except (errors.VendorError, errors.ConfigurationError) as error:
            raise Unanswered(error) from error
        if found is None or (not found and sent.foreign_id and row.sent_settings not in {None, self.deciding}):
            raise Unknowable
        return found

    def _as_sent(self, task: WriteTask) -> Order:
        """The order whose answer is missing, though the record may have changed since.

        It may have been sent before one of the references was known that it can do without.

        Raises:
            Unknowable: If the journal does not know any more what was sent, or what it referred to.
        """
        sent, stream, shaped = task.row.sent, task.stream, task.shaped
        if sent:
            shaped = self._shape(task, decode(sent))
        elif sent is not None and not stream.idempotent:
            raise Unknowable
        refers = self._references.resolve_as_before(task, shaped)
        if refers is None and not stream.idempotent:
            raise Unknowable
        return Order(stream, shaped.values, refers or {}, foreign_id=stream.foreign_id(task.source_key))

    def there_by_now(self, order: Order) -> Record | None:
        """The record that bears the identifier already, because an earlier call was carried out late after all."""
        self._index.wait(time.time())
        found = order.stream.search_unanswered(order, self._account.now())
        return found[0].record if found else None
