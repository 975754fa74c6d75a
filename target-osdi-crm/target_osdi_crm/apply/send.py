"""From a decision to what came of it: the intent is journaled, the call made, and the reply read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client import errors

from target_osdi_crm import consent
from target_osdi_crm.apply.batcher import sent_together
from target_osdi_crm.apply.unanswered import Unanswered
from target_osdi_crm.apply.written import Written, channels_of, without_call
from target_osdi_crm.decide.decision import CALLS_NOBODY, NOTHING
from target_osdi_crm.journal.states import Event, State, after
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.stop import Stop
from target_osdi_crm.vendor import CREATE, DELETE, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_osdi_crm.apply.deletions import Deletions
    from target_osdi_crm.apply.limits import Limits
    from target_osdi_crm.apply.rights import Rights
    from target_osdi_crm.apply.unanswered import UnansweredCreates
    from target_osdi_crm.apply.written import Decided
    from target_osdi_crm.decide.decision import Decision
    from target_osdi_crm.decide.recent import RecentWrites
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.task import WriteTask
    from target_osdi_crm.vendor import Record


class Sender:
    """Carries decisions out: one, or those of records that share a call."""

    def __init__(
        self,
        journal: Journal,
        unanswered: UnansweredCreates,
        recent: RecentWrites,
        *,
        limits: Limits,
        rights: Rights,
        deletions: Deletions,
    ) -> None:
        """Send for one run.

        Args:
            journal: Learns of every intent before it is carried out.
            unanswered: Looks up what a refused create may have left behind.
            recent: Learns of every record that is written.
            limits: How much may be written.
            rights: What the credentials may not do.
            deletions: Keeps what is deleted.
        """
        self._journal = journal
        self._unanswered = unanswered
        self._recent = recent
        self._limits = limits
        self._rights = rights
        self._deletions = deletions

    def carry_out(self, decided: Decided) -> list[Written | Exception]:
        """Carry decisions out; return what came of each, or what went wrong with it."""
        results = [self._intend(task, decision) for task, decision in decided]
        intended = [each for each, result in zip(decided, results, strict=True) if result is None]
        replies = iter(self._replies(intended) if intended else ())
        return [
            self._read(task, decision, next(replies)) if result is None else result
            for (task, decision), result in zip(decided, results, strict=True)
        ]

    def _intend(self, task: WriteTask, decision: Decision) -> Written | Exception | None:
        """Note what is about to be sent; or return what comes of it without a call."""
        if decision.action in CALLS_NOBODY:
            return without_call(task, decision)
        try:
            self._rights.require(task.stream.name, decision.action)
            self._limits.spend(decision.action)
            if decision.found and (task.arrival.deleted or task.shaped.deletes_items):
                self._limits.spend_deletion(task.stream.name)
        except (errors.VendorError, Stop) as stop:
            return stop
        if decision.action == CREATE:
            task.row = after(
                task.row, Event.INTEND_CREATE, sent_at=time.time(), sent_settings=self._unanswered.deciding
            )
        else:
            task.row = after(task.row, Event.INTEND_CHANGE)
        return None

    def _replies(self, intended: Decided) -> Sequence[Any]:
        """Journal what is about to be sent, durably, and send it; return the replies, or what went wrong."""
        try:
            self._journal.write_all([task.row for task, _ in intended])
        except Stop as stop:
            return [stop] * len(intended)
        task, decision = intended[0]
        if not task.stream.batch_by:
            return [self._reply(*each) for each in intended]
        orders = [decision.order for _, decision in intended if decision.order]
        deleted = decision.action == DELETE
        if deleted:
            try:
                self._deletions.keep(intended)
            except Stop as stop:
                return [stop] * len(intended)
        return sent_together(orders, lambda some: task.stream.write_batch(some, deleted=deleted))

    def _reply(self, task: WriteTask, decision: Decision) -> Any:
        """Send what is to be sent alone, and return the reply, or what went wrong."""
        order, found = decision.order, decision.found
        assert order  # noqa: S101
        try:
            if decision.action == DELETE or (found and task.shaped.deletes_items):
                self._deletions.keep([(task, decision)])
            if decision.action == DELETE:
                return task.stream.delete(found.id if found else None, order)
            if found:
                reply = self._called(order, lambda: task.stream.update(found.id, order, found.record), repeatable=True)
            else:
                repeatable = task.stream.is_idempotent(order)
                reply = self._called(order, lambda: task.stream.create(order), repeatable=repeatable)
            return _sent_again(order, reply, found.id if found else None)
        except Exception as error:  # noqa: BLE001
            return error

    def _called(self, order: Order, call: Callable[[], Record], *, repeatable: bool) -> Record:
        """Make a call; a reply of the vendor's that what was refused is there by now is as good as its own.

        Raises:
            Unanswered: If it may have been carried out, and sending it again might do that twice.
            VendorError: If it was not.
        """
        try:
            return call()
        except errors.VendorError as error:
            if error.may_have_happened and not repeatable:
                raise Unanswered(error) from error
            refused = isinstance(error, errors.Refused) and order.foreign_id
            if refused and (there := self._unanswered.there_by_now(order)):
                return there
            raise

    def _read(self, task: WriteTask, decision: Decision, reply: Any) -> Written | Exception:
        """Tell from a reply what came of a decision."""
        if isinstance(reply, Exception):
            answered = isinstance(reply, Rejection | errors.VendorError | errors.ConfigurationError)
            if answered and task.row.state is State.UNANSWERED:
                task.row = after(task.row, Event.NOT_CREATED)
            return reply
        if decision.action == DELETE:
            return Written(DELETE if reply or task.stream.batch_by else NOTHING)
        try:
            if task.stream.batch_by:
                return Written(CREATE, task.stream.id_of(reply))
            return self._verified(task, decision, reply)
        except errors.Garbled as error:
            return Unanswered(error) if task.row.state is State.UNANSWERED else error
        except Exception as error:  # noqa: BLE001
            return error

    def _verified(self, task: WriteTask, decision: Decision, reply: Record) -> Written:
        """Compare a reply with what was sent.

        Raises:
            Rejection: If the vendor did not apply what it took.
        """
        order, found, stream = decision.order, decision.found, task.stream
        assert order  # noqa: S101
        vendor_id, unlike = stream.id_of(reply), stream.differences(order, reply)
        may_be_kept = osdi_crm_schemas.may_be_kept(stream.account.vendor.name, stream.name)
        kept = [each for each in unlike if each in may_be_kept]
        unlike = [each for each in unlike if each not in may_be_kept]
        if unlike and found and vendor_id not in {None, found.id}:
            raise Rejection("not_applied", f"The vendor was to change {found.id} and shows {vendor_id}.")
        channels = channels_of(task, reply)
        self._recent.note(task, vendor_id, reply)
        if unlike:
            if vendor_id:
                task.row = after(task.row, Event.FIND, vendor_id=vendor_id, channels=channels)
            raise Rejection("not_applied", f"The vendor took it and does not show {', '.join(unlike)}.")
        whole = Order(stream, task.shaped.values, order.refers)
        return Written(
            decision.action,
            vendor_id,
            channels,
            reply,
            opt_ins=[
                (channel, address)
                for channel, asked in task.shaped.consent.items()
                if order.statuses.get(channel) == consent.IN
                for address in asked.addresses
            ],
            unchangeable=[each for each in stream.differences(whole, reply) if each not in kept] if found else (),
            kept=kept,
            notes=order.notes,
        )


def _sent_again(order: Order, reply: Record, known_id: str | None) -> Record:
    """The reply to a write, or, where something of it does not show, to the same once more, as a change.

    Some values only stick the second time, such as the locality of a first address at Action Network. What is read
    before it is changed is sent as the vendor shows that it needs it, and not once more.
    """
    stream = order.stream
    if not stream.can_update or stream.read_before_update:
        return reply
    try:
        vendor_id = stream.id_of(reply)
        if not vendor_id or known_id not in {None, vendor_id} or not stream.differences(order, reply):
            return reply
        return stream.update(vendor_id, order, reply)
    except Exception:  # noqa: BLE001  what is wrong with the first reply is told by whoever reads it
        return reply
