"""How a record's life ends: into the journal, the counts, the files and the log."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING

from osdi_crm_client.errors import NotSignedIn

from target_osdi_crm import journal
from target_osdi_crm.journal import CREATE, DELETE, UPDATE
from target_osdi_crm.rejects import AMBIGUOUS, Lines, Rejection
from target_osdi_crm.stop import CAPPED, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from osdi_crm_client.errors import VendorError

    from target_osdi_crm.entry import Entry
    from target_osdi_crm.journal import Journal
    from target_osdi_crm.lanes import Lanes
    from target_osdi_crm.plan import Plan
    from target_osdi_crm.progress import Progress
    from target_osdi_crm.summary import Summary

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
        opt_ins: Sequence[tuple[str, str]] = (),
        notes: Sequence[str] = (),
    ) -> None:
        """The vendor has the record as it should be, by `action`; `notes` say what is to be said about it."""
        row = entry.row
        row.outcome, row.vendor_id = journal.OK, vendor_id
        row.seen, row.fingerprint = entry.arrival.seen, entry.fingerprint
        row.tried = row.behaviour = row.action = row.retry = row.reason = row.record = row.sent = None
        row.words = "; ".join(notes) or None
        row.attempts = 0
        if entry.to_complete:
            row.outcome, row.tried, row.record = journal.WAITING, entry.fingerprint, entry.arrival.raw
            row.reason = TO_COMPLETE
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
        row = entry.row
        row.outcome, row.tried, row.behaviour = journal.SKIPPED, entry.fingerprint, self._deciding
        row.vendor_id, row.reason, row.record = vendor_id or row.vendor_id, why, None
        self._summary.count(entry.stream.name, "skipped")
        self._summary.detail(entry.stream.name, "skipped", why)
        self._note(entry, "skip", reason=why)
        self._keep(entry)

    def parked(self, entry: Entry, why: str) -> None:
        """The record waits, on disk, for what it refers to."""
        row = entry.row
        if entry.stored and ((row.outcome == journal.WAITING and not row.words) or row.retry == journal.REFERENCE):
            self.over(entry)
            return
        if row.tried != entry.fingerprint:
            row.attempts, row.retry = 0, None
        row.reason, row.words = why, None
        self._keep_record(entry, journal.WAITING, entry.fingerprint)

    def overtaken(self, entry: Entry) -> None:
        """Count an earlier record of this run with the same key, in whose place this one comes: it was not written."""
        row = entry.row
        waits = row.in_doubt or (row.outcome == journal.WAITING and row.reason != TO_COMPLETE)
        if waits and row.run == self._journal.run:
            self._summary.count(entry.stream.name, "skipped")
            self._summary.detail(entry.stream.name, "skipped", "came again while it waited")

    def unanswered(self, entry: Entry, cause: BaseException | None) -> None:
        """What became of its creation will be looked up at the end of the run."""
        row = entry.row
        row.attempts = row.attempts if row.tried == entry.fingerprint else 0
        row.reason = "no answer"
        self._fail_again(cause)
        self._keep_record(entry, journal.SENT, entry.fingerprint)

    def unknown(self, entry: Entry) -> None:
        """Nobody can tell whether the record was written."""
        row = entry.row
        new = row.outcome != journal.UNKNOWN or row.tried != entry.fingerprint
        row.reason, row.retry = "no answer", None
        row.words = "It was sent and not answered, and the vendor offers nothing to look it up by."
        self._summary.count(entry.stream.name, "unknown")
        self._note(entry, "unknown", reason=row.words)
        self._tell(entry, row.reason, row.words)
        with self._guard:
            self.new_rejects += new
        self._keep_record(entry, journal.UNKNOWN, entry.fingerprint)

    def given_back(self, entry: Entry, error: VendorError) -> None:
        """Nobody may write, or the vendor cannot be reached: the record waits for the next run."""
        row = entry.row
        row.retry = journal.EACH_RUN if entry.rejected == entry.fingerprint else None
        row.reason, row.words = "not signed in" if isinstance(error, NotSignedIn) else "not reached", str(error)
        self._keep_record(entry, journal.WAITING, entry.fingerprint)

    def rejected(self, entry: Entry, rejection: Rejection, cause: Exception | None = None) -> None:
        """The record is not written; `cause` is what went wrong with the call, which may have held others too."""
        row, stream = entry.row, entry.stream.name
        tried = entry.fingerprint or entry.arrival.seen
        row.attempts = (row.attempts if row.tried == tried else 0) + 1
        if not row.in_doubt:
            row.behaviour = self._deciding
        row.retry, row.reason, row.words = rejection.retry, rejection.reason, rejection.words
        self._summary.count(stream, "rejected")
        self._summary.detail(stream, "rejected", rejection.reason)
        self._note(entry, "ambiguous" if rejection.reason == AMBIGUOUS else "reject", reason=str(rejection))
        self._tell(entry, rejection.reason, rejection.words, rejection.why, rejection.status)
        if entry.rejected != tried:
            self._count_reject()
        if rejection.retry == journal.EACH_RUN:
            self._fail_again(cause)
        self._keep_record(entry, journal.REJECTED, tried)

    def over(self, entry: Entry) -> None:
        """Let go of an entry that is settled."""
        self._progress.settle(entry.arrival.number)
        if entry.holds:
            self._lanes.finish(entry)

    def close(self) -> None:
        """End the file."""
        self._rejected.close()

    def _keep(self, entry: Entry, opt_ins: Sequence[tuple[str, str]] = (), at: float | None = None) -> None:
        self._journal.write_soon(
            entry.row, opt_outs=entry.opt_outs, opt_ins=opt_ins, then=lambda: self.over(entry), at=at
        )

    def _keep_record(self, entry: Entry, outcome: str, tried: bytes) -> None:
        """Keep the record itself too, so that it can be taken up again; where a creation is in doubt, that as well."""
        row, at = entry.row, None
        if row.in_doubt:
            at = row.at
            if row.tried != tried:
                row.sent = row.sent or self._journal.record(row.stream, row.source_key) or b""
        if entry.arrival.deleted:
            row.action = DELETE
        elif not row.in_doubt:
            row.action = None
        row.outcome, row.tried, row.record = outcome, tried, entry.arrival.raw or None
        self._keep(entry, at=at)

    def _note(self, entry: Entry, plan: str, reason: str | None = None) -> None:
        if self._plan:
            self._plan.add(entry.key, entry.arrival.line, plan, reason=reason)

    def _tell(self, entry: Entry, reason: str, words: str, why: str = "", status: int | None = None) -> None:
        """Tell people about a record that was not written: in full in the file, by its name in the log.

        The vendor's words stand in the file alone, since they may repeat what was sent.
        """
        stream = entry.stream.name
        self._rejected.add(
            {
                "stream": stream,
                "key": entry.source_key,
                "line": entry.arrival.line,
                "status": status,
                "reason": reason,
                "words": words,
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
