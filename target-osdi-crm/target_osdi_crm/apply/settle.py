"""What came of a record goes into the journal; then it is let go of, and the report told."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Protocol

from osdi_crm_client import errors

from target_osdi_crm.apply.rights import READ
from target_osdi_crm.apply.unanswered import Unanswered, Unknowable
from target_osdi_crm.apply.written import Written
from target_osdi_crm.decide import consent
from target_osdi_crm.decide.decision import ADOPT, NOTHING, SKIP
from target_osdi_crm.decide.references import Waiting
from target_osdi_crm.journal.states import WAITS, Event, State, after
from target_osdi_crm.rejects import EACH_RUN, NO_ANSWER, REFERENCE, Rejection, sentence
from target_osdi_crm.stop import CAPPED, CONFIGURATION, Stop
from target_osdi_crm.vendor import CREATE, DELETE, UPDATE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from target_osdi_crm.apply.rights import Rights
    from target_osdi_crm.decide.decision import Decision
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.report.report import Report
    from target_osdi_crm.settings import TargetSettings
    from target_osdi_crm.task import WriteTask

logger = logging.getLogger("target-osdi-crm")

MOST_FAILURES_IN_A_ROW = 10
"""Records that may fail one after the other, for no fault of their own, before the run is given up."""

TO_COMPLETE = "waits for what it refers to, to be completed"

_COUNTED = {CREATE: "created", UPDATE: "updated", DELETE: "deleted", ADOPT: "unchanged", NOTHING: "skipped"}
_REJECTED = {EACH_RUN: Event.FAIL, REFERENCE: Event.ORPHAN}
_RIGHTS = (errors.Denied, errors.NotAllowed)
_WAITED_FOR = (errors.Denied, *errors.ACCOUNT)


class Ends(Protocol):
    """What ends a record, or the run."""

    def release(self, task: WriteTask, *, settled: bool = True) -> None:
        """Let those behind a record go on; where it is settled, STATE may pass."""

    def stop(self, why: Stop) -> None:
        """End the run early."""


class Settler:
    """Settles records; safe to use from any thread.

    Attributes:
        new_rejects: How many were rejected that were not before.
    """

    def __init__(
        self,
        settings: TargetSettings,
        deciding: bytes,
        journal: Journal,
        report: Report,
        *,
        rights: Rights,
        run: Ends,
    ) -> None:
        """Settle the records of one run.

        Args:
            settings: The target's settings.
            deciding: A hash of those that decide whether a record is rejected.
            journal: Learns what came of each.
            report: Tells it.
            rights: Learns what the credentials may not do.
            run: Lets go of records, and is ended early.
        """
        self._allow_resubscribe = settings.allow_resubscribe
        self._most_rejects = settings.max_rejects
        self._deciding = deciding
        self._journal = journal
        self._report = report
        self._rights = rights
        self._release, self._stop = run.release, run.stop
        self._guard = threading.Lock()
        self._failures_in_a_row = 0
        self._latest_failure: BaseException | None = None
        self.new_rejects = 0

    def known(self, task: WriteTask, column: str) -> None:
        """Settle a record of which the journal knows all there is."""
        self._report.count(task, column)
        self._report.note(task, column)
        self._release(task)

    def settle(self, task: WriteTask, decision: Decision | None, result: Written | Exception) -> None:
        """Settle a record by what came of it, or went wrong with it."""
        match result:
            case Written():
                assert decision  # noqa: S101
                self._written(task, decision, result)
            case Waiting():
                self._wait(task, str(result))
            case Rejection() if result.retry == REFERENCE and task.patience:
                self._wait(task, result.reason)
            case Rejection():
                self._reject(task, result, result)
            case Unanswered(error=errors.VendorError() as error) if not task.patience and not isinstance(
                error, _WAITED_FOR
            ):
                self._reject(task, _failed(error), error)
            case Unanswered():
                self._lose_answer(task, result.error)
            case Unknowable():
                self._unknown(task)
            case errors.VendorError() | errors.ConfigurationError():
                self._fail(task, decision.action if decision else READ, result)
            case Stop():
                self._stop(result)
                self.leave(task)
            case _:
                self._reject(task, _unexpected(task, result), result)

    def _fail(self, task: WriteTask, operation: str, error: Exception) -> None:
        """Reject a record of which a call failed; where any record's would have, it waits for the next run."""
        if isinstance(error, _RIGHTS):
            self._rights.refused(task.stream.name, operation, error)
        if isinstance(error, errors.VendorError) and not isinstance(error, _WAITED_FOR):
            self._reject(task, _failed(error), error)
            return
        self._give_back(task, error)
        if isinstance(error, errors.ACCOUNT):
            self._stop(Stop(CONFIGURATION, str(error), error))

    def leave(self, task: WriteTask) -> None:
        """Let go of a record that is not settled: it comes again with the next run."""
        self._release(task, settled=False)

    def superseded(self, task: WriteTask) -> None:
        """Count an earlier record of this run with the same key, in whose place this one comes: it was not written."""
        row = task.row
        if (row.state.is_unanswered or row.state is State.WAITING) and row.run == self._journal.run:
            self._report.count(task, "skipped", "came again while it waited")

    def _written(self, task: WriteTask, decision: Decision, written: Written) -> None:
        before = task.vanished or task.row.vendor_id
        is_moved = written.action == CREATE and before not in {None, written.vendor_id}
        self._rights.used(task.stream.name, READ)
        self._rights.used(task.stream.name, decision.action)
        if written.action == SKIP:
            self._skip(task, decision.reason, written.vendor_id)
            return
        acknowledged: dict[str, Any] = {
            "vendor_id": written.vendor_id,
            "channels": written.channels,
            "seen": task.arrival.seen,
            "fingerprint": task.fingerprint,
            "words": "; ".join(written.notes) or None,
        }
        if decision.incomplete:
            task.row = after(task.row, Event.ACKNOWLEDGE_INCOMPLETE, **acknowledged, reason=TO_COMPLETE)
        else:
            task.row = after(task.row, Event.ACKNOWLEDGE, **acknowledged)
        with self._guard:
            self._failures_in_a_row = 0
        nothing = ["nothing to delete"] if written.action == NOTHING and decision.action == DELETE else []
        counted = _COUNTED[written.action]
        self._report.count(task, counted, *written.notes, *nothing, incomplete=decision.incomplete)
        statuses = task.stream.statuses_of(written.shown) if written.shown else {}
        self._report.consent(task, consent.counted(decision.choices, statuses))
        fixed = [f"{name} cannot be changed" for name in written.unchangeable]
        for what in [*decision.withheld, *fixed, *(f"{name}, which the vendor keeps" for name in written.kept)]:
            self._report.withheld(task, what)
        for where in task.shaped.replaced:
            self._report.replaced(task, where)
        if written.action == ADOPT:
            self._report.note(task, "unchanged")
        opt_ins = written.opt_ins if self._allow_resubscribe else ()
        self._keep(task, opt_ins=opt_ins, moved=task.stream.holds if is_moved else ())

    def _skip(self, task: WriteTask, why: str, vendor_id: str | None) -> None:
        task.row = after(task.row, Event.SKIP, vendor_id=vendor_id, settings=self._deciding, reason=why)
        self._report.count(task, "skipped", why)
        self._report.note(task, "skip", reason=why)
        self._keep(task)

    def _wait(self, task: WriteTask, why: str) -> None:
        """Have a record wait, on disk, for what it refers to."""
        row = task.row
        if task.stored and (row.state is State.ORPHANED or (row.state in WAITS and not row.words)):
            self._release(task)
            return
        task.row = after(row, Event.WAIT, reason=why)
        self._keep(task)

    def _lose_answer(self, task: WriteTask, error: Exception) -> None:
        """Have a create looked up at the end of the run."""
        task.row = after(task.row, Event.LOSE_ANSWER, code=NO_ANSWER, reason=sentence(NO_ANSWER))
        self._count_failure(error)
        self._keep(task)
        if isinstance(error, errors.ACCOUNT):
            self._stop(Stop(CONFIGURATION, str(error), error))

    def _unknown(self, task: WriteTask) -> None:
        """Nobody can tell whether a record was written."""
        unknown = Rejection(NO_ANSWER, "It was sent and not answered, and the vendor offers nothing to look it up by.")
        self._report.count(task, "unknown")
        self._report.note(task, "unknown", reason=unknown.words)
        self._report.not_written(task, unknown)
        with self._guard:
            self.new_rejects += task.unknown_before != task.fingerprint
        task.row = after(task.row, Event.CANNOT_TELL, **_why(unknown))
        self._keep(task)

    def _give_back(self, task: WriteTask, error: Exception) -> None:
        """Nobody may write, or the vendor cannot be reached: the record waits for the next run."""
        why = Rejection("not_reached" if isinstance(error, errors.Unreachable) else "not_signed_in", str(error))
        task.row = after(task.row, Event.GIVE_BACK, **_why(why))
        self._keep(task)

    def _reject(self, task: WriteTask, rejection: Rejection, cause: Exception) -> None:
        """Reject a record; `cause` is what went wrong with the call, which may have held others too."""
        self._report.rejected(task, rejection)
        if task.rejected_before != task.row.tried:
            self._count_reject()
        if rejection.retry == EACH_RUN and not task.shaped.kept:
            self._count_failure(cause)
        event = _REJECTED.get(rejection.retry, Event.REJECT)
        task.row = after(task.row, event, **_why(rejection), settings=self._deciding)
        self._keep(task)

    def _keep(self, task: WriteTask, opt_ins: Sequence[tuple[str, str]] = (), moved: Collection[str] = ()) -> None:
        self._journal.write_soon(
            task.row, opt_outs=task.opt_outs, opt_ins=opt_ins, moved=moved, then=lambda: self._release(task)
        )

    def _count_reject(self) -> None:
        with self._guard:
            self.new_rejects += 1
            rejects, most = self.new_rejects, self._most_rejects
        if most is None:
            return
        read = self._report.summary.total("read")
        if rejects >= most >= 1 or (most < 1 and read >= 100 and rejects >= most * read):
            self._stop(Stop(CAPPED, f"{rejects:,} records were rejected; 'max_rejects' is {most:g}."))

    def _count_failure(self, cause: BaseException) -> None:
        """Count one more failure of the vendor, unless records that travelled in one call share it."""
        if isinstance(cause, _RIGHTS):
            return
        with self._guard:
            self._failures_in_a_row += cause is not self._latest_failure
            self._latest_failure = cause
            in_a_row = self._failures_in_a_row
        if in_a_row >= MOST_FAILURES_IN_A_ROW:
            self._stop(Stop(CAPPED, f"{in_a_row} records in a row failed for no fault of theirs. Try again later."))


def _why(rejection: Rejection) -> dict[str, str]:
    return {"code": rejection.code, "reason": rejection.reason, "words": rejection.words}


def _failed(error: errors.VendorError) -> Rejection:
    """What a call that failed means for the record."""
    words = error.words or error.why
    if isinstance(error, errors.NotAllowed):
        return Rejection("not_allowed", words, why=error.why, retry=EACH_RUN, status=error.status)
    if isinstance(error, errors.Refused):
        return Rejection("vendor_refused", words, why=error.why, status=error.status)
    if isinstance(error, errors.ForeignOrigin):
        return Rejection("vendor_points_elsewhere", words, why=error.why)
    return Rejection("vendor_failed", words, why=error.why, retry=EACH_RUN, status=error.status)


def _unexpected(task: WriteTask, error: Exception) -> Rejection:
    """What a defect of ours means for the record."""
    logger.debug("Unexpected, at %s", task.name, exc_info=error)
    what = errors.class_and_place(error)
    return Rejection("unexpected", what, why=what, retry=EACH_RUN)
