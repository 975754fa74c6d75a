"""How a record's life ends: into the journal, the counts, the files and the log."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING

from osdi_crm_client.errors import NotSignedIn

from target_osdi_crm.journal.states import WAITS, Event, State, after
from target_osdi_crm.rejects import AMBIGUOUS, EACH_RUN, NO_ANSWER, REFERENCE, Rejection, sentence
from target_osdi_crm.report.lines import Lines
from target_osdi_crm.stop import CAPPED, Stop
from target_osdi_crm.vendor import CREATE, DELETE, UPDATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from osdi_crm_client.errors import VendorError

    from target_osdi_crm.entry import Entry
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.lanes import Lanes
    from target_osdi_crm.progress import Progress
    from target_osdi_crm.report.plan import Plan
    from target_osdi_crm.report.summary import Summary

logger = logging.getLogger("target-osdi-crm")

ADOPT = "adopt"
NOTHING = "nothing"
_COUNTED = {CREATE: "created", UPDATE: "updated", DELETE: "deleted", ADOPT: "unchanged", NOTHING: "skipped"}

MOST_FAILURES_IN_A_ROW = 10
"""Records that may fail one after the other, for no fault of their own, before the run is given up."""

MOST_LINES = 10
"""Log lines for records of one stream that are not written for one reason; the others stand in the file alone."""

TO_COMPLETE = "waits for what it refers to, to be completed"


class Outcomes:
    """Ends entries; safe to use from any thread."""

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        kept: Journal,
        lanes: Lanes[Entry],
        progress: Progress,
        summary: Summary,
        plan: Plan | None,
        deciding: bytes,
        stop: Callable[[Stop], None],
    ) -> None:
        """Begin `rejected.jsonl`.

        Args:
            config: The settings.
            kept: The journal.
            lanes: Let go of what has ended.
            progress: Learns what is settled.
            summary: Counts.
            plan: Learns of every record in a dry run.
            deciding: A hash of the settings that decide whether a record is rejected.
            stop: Ends the run early.
        """
        self._journal = kept
        self._lanes = lanes
        self._progress = progress
        self._summary = summary
        self._plan = plan
        self._deciding = deciding
        self._stop = stop
        self._most_rejects = float(config["max_rejects"]) if "max_rejects" in config else None
        self._rejected = Lines(config, "rejected.jsonl")
        self._guard = threading.Lock()
        self._told: Counter[tuple[str, str]] = Counter()
        self._failures_in_a_row = 0
        self._latest_failure: BaseException | None = None
        self.new_rejects = 0

    def known(self, entry: Entry, counted: str) -> None:
        """End an entry of which the journal knows all there is."""
        self._summary.count(entry.stream.name, counted)
        self._note(entry, counted)
        self.over(entry)

    def well(
        self,
        entry: Entry,
        action: str,
        vendor_id: str | None,
        *,
        channels: str | None,
        opt_ins: Sequence[tuple[str, str]] = (),
        notes: Sequence[str] = (),
    ) -> None:
        """The vendor has the record as it should be, by `action`; `notes` say what is to be said about it."""
        acknowledged: dict[str, Any] = {
            "vendor_id": vendor_id,
            "channels": channels,
            "seen": entry.arrival.seen,
            "fingerprint": entry.fingerprint,
            "words": "; ".join(notes) or None,
        }
        if entry.to_complete:
            entry.row = after(entry.row, Event.ACKNOWLEDGE_INCOMPLETE, **acknowledged, reason=TO_COMPLETE)
        else:
            entry.row = after(entry.row, Event.ACKNOWLEDGE, **acknowledged)
        with self._guard:
            self._failures_in_a_row = 0
        self._summary.count(entry.stream.name, _COUNTED[action])
        for note in notes:
            self._summary.detail(entry.stream.name, _COUNTED[action], note)
        if action == ADOPT:
            self._note(entry, "unchanged")
        self._keep(entry, opt_ins)

    def skipped(self, entry: Entry, why: str, vendor_id: str | None = None) -> None:
        """The mode leaves the record alone."""
        known_as = vendor_id or entry.row.vendor_id
        entry.row = after(entry.row, Event.SKIP, vendor_id=known_as, settings=self._deciding, reason=why)
        self._summary.count(entry.stream.name, "skipped")
        self._summary.detail(entry.stream.name, "skipped", why)
        self._note(entry, "skip", reason=why)
        self._keep(entry)

    def parked(self, entry: Entry, why: str) -> None:
        """The record waits, on disk, for what it refers to."""
        row = entry.row
        if entry.stored and (row.state is State.ORPHANED or (row.state in WAITS and not row.words)):
            self.over(entry)
            return
        entry.row = after(row, Event.WAIT, reason=why)
        self._keep(entry)

    def overtaken(self, entry: Entry) -> None:
        """Count an earlier record of this run with the same key, in whose place this one comes: it was not written."""
        row = entry.row
        if (row.state.is_unanswered or row.state is State.WAITING) and row.run == self._journal.run:
            self._summary.count(entry.stream.name, "skipped")
            self._summary.detail(entry.stream.name, "skipped", "came again while it waited")

    def unanswered(self, entry: Entry, cause: BaseException | None) -> None:
        """What became of its creation will be looked up at the end of the run."""
        entry.row = after(entry.row, Event.LOSE_ANSWER, code=NO_ANSWER, reason=sentence(NO_ANSWER))
        self._fail_again(cause)
        self._keep(entry)

    def unknown(self, entry: Entry) -> None:
        """Nobody can tell whether the record was written."""
        unknown = Rejection(NO_ANSWER, "It was sent and not answered, and the vendor offers nothing to look it up by.")
        self._summary.count(entry.stream.name, "unknown")
        self._note(entry, "unknown", reason=unknown.words)
        self._tell(entry, unknown)
        with self._guard:
            self.new_rejects += entry.unknown != entry.fingerprint
        entry.row = after(entry.row, Event.CANNOT_TELL, **_why(unknown))
        self._keep(entry)

    def given_back(self, entry: Entry, error: VendorError) -> None:
        """Nobody may write, or the vendor cannot be reached: the record waits for the next run."""
        why = Rejection("not_signed_in" if isinstance(error, NotSignedIn) else "not_reached", str(error))
        entry.row = after(entry.row, Event.GIVE_BACK, **_why(why))
        self._keep(entry)

    def rejected(self, entry: Entry, rejection: Rejection, cause: Exception | None = None) -> None:
        """The record is not written; `cause` is what went wrong with the call, which may have held others too."""
        stream = entry.stream.name
        self._summary.count(stream, "rejected")
        self._summary.detail(stream, "rejected", rejection.reason)
        self._note(entry, "ambiguous" if rejection.code == AMBIGUOUS else "reject", reason=str(rejection))
        self._tell(entry, rejection)
        if entry.rejected != entry.row.tried:
            self._count_reject()
        if rejection.retry == EACH_RUN:
            self._fail_again(cause)
        event = {EACH_RUN: Event.FAIL, REFERENCE: Event.ORPHAN}.get(rejection.retry, Event.REJECT)
        entry.row = after(entry.row, event, **_why(rejection), settings=self._deciding)
        self._keep(entry)

    def over(self, entry: Entry) -> None:
        """Let go of an entry that is settled."""
        self._progress.settle(entry.arrival.number)
        if entry.holds:
            self._lanes.finish(entry)

    def close(self) -> None:
        """End the file."""
        self._rejected.close()

    def _keep(self, entry: Entry, opt_ins: Sequence[tuple[str, str]] = ()) -> None:
        self._journal.write_soon(entry.row, opt_outs=entry.opt_outs, opt_ins=opt_ins, then=lambda: self.over(entry))

    def _note(self, entry: Entry, plan: str, reason: str | None = None) -> None:
        if self._plan:
            self._plan.add(entry.key, entry.arrival.line, plan, reason=reason)

    def _tell(self, entry: Entry, rejection: Rejection) -> None:
        """Tell people about a record that was not written: in full in the file, by its name in the log.

        The vendor's words stand in the file alone, since they may repeat what was sent.
        """
        stream, reason, why = entry.stream.name, rejection.reason, rejection.why
        self._rejected.add(
            {
                "stream": stream,
                "key": entry.source_key,
                "line": entry.arrival.line,
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
        logger.log(level, "Not written: %s: %s%s", entry.name, what, more)

    def _count_reject(self) -> None:
        with self._guard:
            self.new_rejects += 1
            rejects, most = self.new_rejects, self._most_rejects
        if most is None:
            return
        read = self._summary.total("read")
        if rejects >= most >= 1 or (most < 1 and read >= 100 and rejects >= most * read):
            self._stop(Stop(CAPPED, f"{rejects:,} records were rejected; 'max_rejects' is {most:g}."))

    def _fail_again(self, cause: BaseException | None) -> None:
        """Count one more failure, unless records that travelled in one call share it."""
        with self._guard:
            self._failures_in_a_row += cause is None or cause is not self._latest_failure
            self._latest_failure = cause
            in_a_row = self._failures_in_a_row
        if in_a_row >= MOST_FAILURES_IN_A_ROW:
            self._stop(Stop(CAPPED, f"{in_a_row} records in a row failed for no fault of theirs. Try again later."))


def _why(rejection: Rejection) -> dict[str, str]:
    return {"code": rejection.code, "reason": rejection.reason, "words": rejection.words}
