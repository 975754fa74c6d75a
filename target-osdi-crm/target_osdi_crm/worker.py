"""The way of a record whose turn has come: taken up, decided, carried out, settled; alone, or sharing a call."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Protocol

from osdi_crm_client.errors import AlreadyExists, NotFound

from target_osdi_crm import consent
from target_osdi_crm.apply.keyed_lock import KeyedLock
from target_osdi_crm.apply.rights import READ
from target_osdi_crm.apply.written import Written
from target_osdi_crm.decide.decision import Decision
from target_osdi_crm.journal.states import Event, after
from target_osdi_crm.vendor import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from osdi_crm_client.pacing import ConcurrencyLimit

    from target_osdi_crm.apply.rights import Rights
    from target_osdi_crm.apply.settle import Settler
    from target_osdi_crm.apply.unanswered import UnansweredCreates
    from target_osdi_crm.apply.written import Decided
    from target_osdi_crm.decide.decide import Decider, Match
    from target_osdi_crm.intake.known import Known
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.task import WriteTask


_Told = tuple["WriteTask", Found | None]
"""A record, and what the vendor says it is about, where it does."""


class Apply(Protocol):
    """What is done with decisions: they are carried out, or in a dry run noted."""

    def carry_out(self, decided: Decided) -> list[Written | Exception]:
        """Return what came of each, or what went wrong with it."""


class TakeUp:
    """Takes records up when it is their turn: by then the journal may know more of them."""

    def __init__(
        self, journal: Journal, known: Known, unanswered: UnansweredCreates, settler: Settler, rights: Rights
    ) -> None:
        """Take up with these.

        Args:
            journal: Knows what became of earlier versions.
            known: Tells what ends here.
            unanswered: Clears up what is in doubt.
            settler: Settles what ends here.
            rights: Knows what the credentials may not do.
        """
        self._journal = journal
        self._known = known
        self._unanswered = unanswered
        self._settler = settler
        self._rights = rights

    def __call__(self, task: WriteTask) -> bool:
        """Take a record up; False if it ends here.

        Raises:
            Unknowable: If nobody can tell what became of what was sent before.
            Unanswered: If the vendor cannot be asked about it.
            Rejection: If intake found that it cannot be written.
            NotAllowed: If it would have to be looked up, and that is not allowed.
        """
        if task.stale:
            task.stale = False
            task.row = self._journal.rows([task.key]).get(task.key) or task.row
            if counted := self._known.as_it_came(task) or self._known.as_shaped(task):
                self._settler.known(task, counted)
                return False
        if not task.stored:
            self._settler.superseded(task)
        self._supersede(task)
        if task.refused:
            raise task.refused
        if task.row.state.is_unanswered:
            self._unanswered.clear_up(task)
        if not task.row.vendor_id and not task.arrival.deleted:
            self._rights.require(task.stream.name, READ)
        return True

    def _supersede(self, task: WriteTask) -> None:
        """Take this version of the record for the one that the journal knows of."""
        row, arrival, sent = task.row, task.arrival, task.row.sent
        if row.state.is_unanswered and row.tried != task.tried and sent is None:
            sent = (arrival.raw if task.stored else self._journal.record(row.stream, row.source_key)) or b""
        task.row = after(
            row,
            Event.SUPERSEDE,
            deleted=arrival.deleted,
            tried=task.tried,
            record=arrival.raw or None,
            sent=sent,
            attempts=row.attempts if row.tried == task.tried else 0,
        )


class Worker:
    """Takes records through deciding, sending and settling, each once."""

    def __init__(
        self,
        concurrency: ConcurrencyLimit,
        stopped: Callable[[], bool],
        *,
        take_up: TakeUp,
        decider: Decider,
        apply: Apply,
        settler: Settler,
    ) -> None:
        """Work with these.

        Args:
            concurrency: As many records are written at a time as the vendor wants.
            stopped: Tells whether the run is to end.
            take_up: Takes records up.
            decider: Decides what is to be done.
            apply: Does it.
            settler: Settles what came of it.
        """
        self._concurrency = concurrency
        self._stopped = stopped
        self._take_up = take_up
        self._decider = decider
        self._apply = apply
        self._settler = settler
        self._locks = KeyedLock(concurrency)

    def __call__(self, tasks: Sequence[WriteTask]) -> None:
        """Write records that share a call, or one alone.

        Of records that are batched by the vendor's stream, the one that makes the call needs a turn.
        """
        with nullcontext() if tasks[0].stream.batched else self._concurrency.held():
            if self._stopped():
                for task in tasks:
                    self._settler.leave(task)
                return
            again = self._written([(task, None) for task in tasks if self._taken_up(task)], once_more=True)
            self._written(again, once_more=False)

    def _taken_up(self, task: WriteTask) -> bool:
        """Take a record up; False if it ends here."""
        try:
            return self._take_up(task)
        except Exception as error:  # noqa: BLE001
            self._settler.settle(task, None, error)
            return False

    def _written(self, tasks: Sequence[_Told], *, once_more: bool) -> list[_Told]:
        """Match records, decide about them, carry that out and settle them.

        Returns those that are about others than it seemed, where they may come `once_more`.
        """
        with ExitStack() as held:
            matched = [(task, match) for task, told in tasks if (match := self._matched(task, told, held))]
            decided = [(task, match, self._decided(task, match)) for task, match in matched]
            orders = [(task, each) for task, _, each in decided if isinstance(each, Decision)]
            results = iter(self._apply.carry_out(orders))
            again = []
            for task, match, decision in decided:
                result = next(results) if isinstance(decision, Decision) else decision
                if once_more and (other := self._other(task, match, result)):
                    again.append(other)
                    continue
                if isinstance(result, Written):
                    self._decider.recent.note(task, result.vendor_id)
                self._settler.settle(task, decision if isinstance(decision, Decision) else None, result)
            return again

    def _matched(self, task: WriteTask, told: Found | None, held: ExitStack) -> Match | None:
        """Find what a record is about, and keep others from it; None if the record ends here."""
        try:
            match = self._decider.match(task, told)
            if not task.stream.batch_by:
                held.enter_context(self._locks.holding(match.about))
            return self._decider.by_now(task, match)
        except Exception as error:  # noqa: BLE001
            self._settler.settle(task, None, error)
            return None

    def _decided(self, task: WriteTask, match: Match) -> Decision | Exception:
        try:
            return self._decider.decide(task, match)
        except Exception as error:  # noqa: BLE001
            return error

    def _other(self, task: WriteTask, match: Match, result: Written | Exception) -> _Told | None:
        """Have a record matched again where the vendor says that it is not about what it was matched with."""
        if isinstance(result, AlreadyExists) and not match.found:
            return task, Found(result.vendor_id)
        if not isinstance(result, NotFound) or not match.found or task.deletes or task.stream.batch_by:
            return None
        self._decider.recent.note_gone(task.stream.name, match.found.id)
        known_by_index = consent.INDEXED in consent.recalled(task.row.channels)
        task.vanished, task.look_up = None if known_by_index else task.row.vendor_id, True
        task.row = after(task.row, Event.VANISH)
        task.shaped.own_id = None
        return task, None
