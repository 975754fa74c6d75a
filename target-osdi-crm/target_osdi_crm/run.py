"""One run of the target: its parts put together, its end, and the exit code."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec
from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.settings import parse

from target_osdi_crm import behaviour
from target_osdi_crm.entry import Arrival, Entry, Inflow
from target_osdi_crm.intake import Intake
from target_osdi_crm.journal.states import LIMITED, PENDING, State
from target_osdi_crm.journal.store import Journal
from target_osdi_crm.lanes import Lanes
from target_osdi_crm.life import Life
from target_osdi_crm.outcomes import Outcomes
from target_osdi_crm.progress import Progress
from target_osdi_crm.report.plan import Plan
from target_osdi_crm.report.summary import COLUMNS, Summary
from target_osdi_crm.settings import TargetSettings
from target_osdi_crm.shape import Shape
from target_osdi_crm.stop import ALL_WELL, CONFIGURATION, SOME_REJECTED, Stop
from target_osdi_crm.vendor import Stream, vendor, vendor_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from osdi_crm_client.account import Account

    from target_osdi_crm.journal.states import Row

logger = logging.getLogger("target-osdi-crm")

SECONDS_BETWEEN_LINES = 30.0


class Run:
    """Takes records in, settles them, and sums up.

    Attributes:
        stopped: Why the run ends early, if it does.
        progress: How far the input is settled.
        summary: What was done so far.
        journal: The journal.
    """

    def __init__(self, config: Mapping[str, Any], account: Account) -> None:
        """Open the journal and make ready; calls nobody.

        Raises:
            ConfigurationError: If a setting is wrong.
            Stop: If another run holds the journal.
        """
        if account.vendor.name not in vendor_names():
            raise ConfigurationError(f"Nothing can be written to {account.vendor.title}.")
        self._config = config
        self._account = account
        self._vendor = vendor(account.vendor.name)
        self._streams = self._vendor.bound(account, parse(TargetSettings, config), self._vendor.own(config))
        self._dry = bool(config.get("dry_run"))
        self._guard = threading.Lock()
        self._shapes: dict[str, Shape] = {}
        self._most_attempts = int(config.get("max_attempts", 5))
        self.stopped: Stop | None = None
        self.progress = Progress()
        self.summary = Summary()
        self.journal = Journal(config, account.name, read_only=self._dry, fail=self.stop)
        self._plan = Plan(config) if self._dry else None
        self._lanes: Lanes[Entry] = Lanes(
            max(account.most_in_flight, *(each.batch_size for each in self._streams.values() if each.batched), 1),
            max(1, *(each.batch_size for each in self._streams.values() if each.batch_by), 1),
        )
        self._outcomes = Outcomes(
            config,
            kept=self.journal,
            lanes=self._lanes,
            progress=self.progress,
            summary=self.summary,
            plan=self._plan,
            deciding=behaviour.deciding(config),
            stop=self.stop,
        )
        self._life = Life(
            config,
            account,
            self._vendor,
            kept=self.journal,
            lanes=self._lanes,
            outcomes=self._outcomes,
            summary=self.summary,
            plan=self._plan,
            stop=self.stop,
            stopped=lambda: self.stopped is not None,
        )
        self.intake = Intake(
            kept=self.journal,
            lanes=self._lanes,
            progress=self.progress,
            summary=self.summary,
            plan=self._plan,
            shaping=behaviour.shaping(config),
            fresh_after=behaviour.fresh_after(config),
            pass_on=self._life.begin,
            fail=self._fail,
        )
        self._lanes.begin(self._life.live, self._life.live_together)
        self._over = threading.Event()
        threading.Thread(target=self._tell, name="telling", daemon=True).start()

    def _tell(self) -> None:
        """Say every half minute how far the run is."""
        while not self._over.wait(SECONDS_BETWEEN_LINES):
            counts = [f"{self.summary.total(what):,} {what}" for what in COLUMNS if self.summary.total(what)]
            made, refused = self._account.pacer.made, self._account.pacer.refused
            logger.info("%s; %d calls, %d x 429", ", ".join(counts) or "nothing yet", made, refused)

    def writable(self, stream: str) -> bool:
        """Whether the vendor lets anybody write this stream."""
        return stream in self._streams

    def inflow(
        self, stream: str, key: Sequence[str] = (), validate: Callable[[dict[str, Any]], None] | None = None
    ) -> Inflow:
        """Make ready for records of one stream that can be written."""
        found = self._streams[stream]
        if stream not in self._shapes:
            self._shapes[stream] = Shape(self._account.vendor.name, found)
        return Inflow(found, self._shapes[stream], tuple(key), validate)

    def take_fault(self, raw: bytes, fault: str, *, line: int) -> None:
        """Take in a line that is no message."""
        nowhere = Inflow(Stream(name="-"), self.inflow(self._vendor.people).shape)
        self.intake.take_fault(nowhere, raw, fault, line=line)

    def _fail(self, error: Exception) -> None:
        self.stop(error if isinstance(error, Stop) else Stop(CONFIGURATION, f"Unexpected: {type(error).__name__}."))

    def stop(self, why: Stop) -> None:
        """End the run early: what is under way goes on to its end, nothing else is begun."""
        with self._guard:
            self.stopped = self.stopped or why
        self._lanes.halt()

    def finish(self, broken: Stop | None = None) -> None:
        """Settle everything that was taken in, and what earlier runs left; or end what is under way, if stopped.

        Args:
            broken: Why the rest of the input was not read, if it was not: then what waits for it goes on waiting.
        """
        if not self.stopped:
            self.intake.sort()
        self._settle()
        if broken:
            self.stop(broken)
        self._take_up_again()
        if self.stopped:
            grace = time.monotonic() + float(self._config.get("grace_seconds", 60))
            while not self._lanes.wait(0.2) and time.monotonic() < grace:
                pass
        self.intake.end()
        self._lanes.end()

    def _settle(self) -> None:
        """Wait until nothing is under way any more, and the journal knows all of it."""
        while not self.stopped and not self._lanes.wait(0.2):
            pass
        self.journal.catch_up()

    def _take_up_again(self) -> None:
        """Take up what waits, what has no answer and what failed in earlier runs, for as long as that helps."""
        self._take_up(3, old=True)
        patience, before = 3, self._left()
        while any(before) and patience >= 0 and not self.stopped:
            self._take_up(patience)
            left = self._left()
            patience = 3 if left < before else patience - 1
            before = left

    def _waiting(self) -> Iterator[Row]:
        """The records that wait or have no answer."""
        for rows in self.journal.unfinished():
            yield from (row for row in rows if row.state in PENDING)

    def _left(self) -> tuple[int, int]:
        """How many records wait or have no answer, and how many are to be completed besides."""
        left = [not row.vendor_id for row in self._waiting()]
        return sum(left), len(left)

    def _count_waiting(self) -> None:
        """Count what the next run takes up; those written already, and to be completed, are counted as written."""
        for row in self._waiting():
            if row.state is not State.INCOMPLETE:
                self.summary.count(row.stream, "waiting")
                self.summary.detail(row.stream, "waiting", row.reason or "no answer")

    def _take_up(self, patience: int, *, old: bool = False) -> None:
        """Take up each unfinished record once, rejected ones only where `old`."""
        for rows in self.journal.unfinished():
            for row in rows:
                if self.stopped:
                    return
                if row.state in PENDING or (old and self._worth_another_run(row)):
                    self._resume(row, patience)
            self._settle()

    def _worth_another_run(self, row: Row) -> bool:
        given_up = row.state in LIMITED and row.attempts >= self._most_attempts
        return row.run != self.journal.run and not given_up

    def _resume(self, row: Row, patience: int) -> None:
        """Take up a record from the journal."""
        if not self.writable(row.stream) or not row.record:
            return
        raw, deleted = row.record, row.deleted
        seen = self.intake.seen(raw, deleted=deleted)
        arrival = Arrival(0, None, self.inflow(row.stream), row.source_key, raw, seen, deleted=deleted)
        self._life.begin(Entry(arrival, row.source_key, row, stored=True, patience=patience))

    def code(self) -> int:
        """The exit code."""
        if self.stopped:
            return self.stopped.code
        fail_on = self._config.get("fail_on") or "new"
        if self._dry or fail_on == "none":
            return ALL_WELL
        standing = self.journal.standing()
        left = standing.get("sent", 0)
        if fail_on == "any":
            left += standing.get("rejected", 0) + standing.get("unknown", 0)
        return SOME_REJECTED if left or self._outcomes.new_rejects else ALL_WELL

    def end(self) -> dict[str, Any]:
        """Let go of the journal and the files, and return the summary."""
        self._over.set()
        self.journal.settle()
        code = self.code()
        standing = self.journal.standing()
        self._count_waiting()
        self._outcomes.close()
        if self._plan:
            self._plan.close()
        result = self.summary.result(
            code=code,
            stopped=str(self.stopped) if self.stopped else None,
            vendor=self._account.vendor.name,
            account=self._account.name,
            source=self.journal.source,
            run=self.journal.run,
            dry_run=self._dry,
            calls=self._account.pacer.made,
            refused_429=self._account.pacer.refused,
            in_journal=standing,
        )
        self.journal.end(code, msgspec.json.encode(result).decode())
        return result
