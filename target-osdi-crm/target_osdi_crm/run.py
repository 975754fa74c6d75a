"""One run of the target: its parts put together, its end, and the exit code."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec
from osdi_crm_client.errors import ConfigurationError, class_and_place

from target_osdi_crm import behaviour
from target_osdi_crm.apply.deletions import Deletions, forget
from target_osdi_crm.apply.dry_run import DryRun
from target_osdi_crm.apply.limits import Limits
from target_osdi_crm.apply.rights import Rights
from target_osdi_crm.apply.scheduler import Scheduler
from target_osdi_crm.apply.send import Sender
from target_osdi_crm.apply.settle import Settler
from target_osdi_crm.apply.unanswered import UnansweredCreates
from target_osdi_crm.decide.decide import Decider
from target_osdi_crm.decide.match import Matching, chosen_match_keys
from target_osdi_crm.decide.people_index import PeopleIndex
from target_osdi_crm.decide.recent import RecentWrites
from target_osdi_crm.decide.references import References
from target_osdi_crm.decide.search_index import SearchIndex
from target_osdi_crm.intake import addresses, values
from target_osdi_crm.intake.arrivals import Arrivals
from target_osdi_crm.intake.batches import Batches
from target_osdi_crm.intake.known import Known
from target_osdi_crm.intake.model import Offer, in_vendors_names
from target_osdi_crm.intake.prepare import Preparation
from target_osdi_crm.intake.progress import Progress
from target_osdi_crm.intake.versions import ALL, Versions
from target_osdi_crm.journal import database
from target_osdi_crm.journal.states import LIMITED, PENDING, State
from target_osdi_crm.journal.store import Journal
from target_osdi_crm.rejects import CANNOT_BE_KEPT
from target_osdi_crm.report import notify
from target_osdi_crm.report.report import Report
from target_osdi_crm.report.summary import COLUMNS
from target_osdi_crm.stop import ALL_WELL, CONFIGURATION, SOME_REJECTED, Stop
from target_osdi_crm.task import Input, Patience, WriteTask
from target_osdi_crm.vendor import Stream
from target_osdi_crm.vendors import vendor, vendor_names
from target_osdi_crm.worker import TakeUp, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from osdi_crm_client.account import Account

    from target_osdi_crm.intake.arrivals import Line
    from target_osdi_crm.intake.shaping import Shape
    from target_osdi_crm.journal.states import Row
    from target_osdi_crm.rejects import Rejection
    from target_osdi_crm.settings import TargetSettings

logger = logging.getLogger("target-osdi-crm")

SECONDS_BETWEEN_LINES = 30.0


class Run:
    """Takes records in, settles them, and sums up.

    Attributes:
        stopped: Why the run ends early, if it does.
        progress: How far the input is settled.
        report: What it tells.
        journal: The journal.
        offer: The streams that may come in.
        versions: The versions that come in.
    """

    def __init__(self, config: Mapping[str, Any], settings: TargetSettings, account: Account) -> None:
        """Open the journal and make ready; calls nobody.

        Args:
            config: All settings, as they were given.
            settings: Those of the target that hold for every vendor.
            account: The account that is written to.

        Raises:
            ConfigurationError: If a setting is wrong.
            Stop: If another run holds the journal.
        """
        if account.vendor.name not in vendor_names():
            raise ConfigurationError(f"Nothing can be written to {account.vendor.title}.")
        self._settings = settings = in_vendors_names(account, settings)
        self._account = account
        writable = vendor(account.vendor.name)
        self._people, self._streams = writable.people, writable.bound(account, settings, writable.own(config))
        by_stream = {
            "on_delete": settings.on_delete.named,
            "on_vanished": settings.on_vanished.named,
            "empty_fields": settings.empty_fields,
            "mirror": dict.fromkeys(set(settings.mirror) - {ALL}),
        }
        for name, given in by_stream.items():
            for stream in given.keys() - self._streams.keys():
                raise ConfigurationError(
                    f"The setting '{name}' is set for '{stream}', which is no stream that can be written."
                )
        addresses.region(settings.default_country)
        values.zone(settings.source_time_zone)
        self.offer = Offer(account, settings, self._streams)
        self._guard = threading.Lock()
        self._shapes: dict[str, Shape] = {}
        self.stopped: Stop | None = None
        self.progress = Progress()
        self.versions = Versions(settings.mirror)
        address = database.address(settings.journal, account.settings.folder)
        self.journal = Journal(
            address,
            account.name,
            self.offer.source,
            keep_days=settings.journal_retention_days,
            read_only=settings.dry_run,
            fail=self.stop,
        )
        if not settings.dry_run:
            forget(account, settings.journal_retention_days)
        if not self.journal.has_records(self.offer.source) and self.journal.has_records(self.offer.other):
            logger.warning("What the journal knows came with another 'model': all is looked up at the vendor anew.")
        self.report = Report(settings, account.settings.folder)
        sizes = [(each.batch_size, each.batched, each.batch_by) for each in self._streams.values()]
        threads = max(account.most_in_flight, *(size for size, batched, _ in sizes if batched), 1)
        self._scheduler: Scheduler[WriteTask] = Scheduler(threads, max([1, *(size for size, _, by in sizes if by)]))
        self._begin(behaviour.shaping(config), behaviour.deciding(config), behaviour.fresh_after(settings))
        self._over = threading.Event()
        threading.Thread(target=self._tell, name="telling", daemon=True).start()

    def _begin(self, shaping: bytes, deciding: bytes, fresh_after: float) -> None:
        """Put the parts together, in the order in which records go through them."""
        settings, account, journal, report = self._settings, self._account, self.journal, self.report
        known = Known(deciding, fresh_after, settings.max_attempts, settings.retry_rejected)
        self._arrivals = Arrivals(shaping)
        self._prepare = Preparation(settings, shaping, journal=journal, known=known, summary=report.summary)
        self._batches = Batches(
            journal, self._scheduler, self.progress, report, fresh_after=fresh_after, pass_on=self._pass_on
        )

        index = SearchIndex(account.index_lag, journal.last_write(), lambda: self.stopped is not None)
        references = References(settings, self._streams, journal)
        match_keys = chosen_match_keys(self._streams, settings.match_keys)
        recent = RecentWrites(match_keys, account.index_lag)
        self._people_index = PeopleIndex(
            self._streams[self._people],
            match_keys[self._people],
            journal,
            search=index,
            arrived=lambda: self.progress.new[self._people],
            stopped=lambda: self.stopped is not None,
        )
        matching = Matching(
            recent,
            journal,
            index,
            people=self._people_index,
            own_ids=settings.ids_are_this_accounts,
            shared=settings.shared_address,
        )
        decider = Decider(settings, self._people, journal, references, matching)

        unanswered = UnansweredCreates(
            account,
            journal,
            references=references,
            index=index,
            shape=self._prepare.shaped,
            deciding=deciding,
        )
        deletions = Deletions(account, journal, own_ids=settings.ids_are_this_accounts)
        self._rights = rights = Rights(lambda: account.has_answered)
        sender = Sender(
            journal, unanswered, recent, limits=Limits(settings, journal.known), rights=rights, deletions=deletions
        )
        apply = DryRun(report.plan) if report.plan else sender
        self._settler = Settler(settings, deciding, journal, report, rights=rights, run=self)
        take_up = TakeUp(journal, known, unanswered, self._settler, rights)
        worker = Worker(
            account.concurrency,
            lambda: self.stopped is not None,
            take_up=take_up,
            decider=decider,
            apply=apply,
            settler=self._settler,
        )
        self._scheduler.begin(worker, self._fail)
        self._batches.begin(self._fail)

    def _tell(self) -> None:
        """Say every half minute how far the run is."""
        summary = self.report.summary
        while not self._over.wait(SECONDS_BETWEEN_LINES):
            counts = [f"{summary.total(what):,} {what}" for what in COLUMNS if summary.total(what)]
            made, refused = self._account.pacer.made, self._account.pacer.refused
            logger.info("%s; %d calls, %d x 429", ", ".join(counts) or "nothing yet", made, refused)

    def input(
        self, stream: str, key: Sequence[str] = (), validate: Callable[[dict[str, Any]], None] | None = None
    ) -> Input:
        """Make ready for records of one stream that can be written."""
        found = self.offer.stream(stream)
        assert found, stream  # noqa: S101  it is writable
        return Input(found, self._shape(found), tuple(key), validate)

    def _shape(self, stream: Stream) -> Shape:
        if stream.name not in self._shapes:
            self._shapes[stream.name] = self.offer.shape(stream)
        return self._shapes[stream.name]

    def take(self, source: Input, record: dict[str, Any], at: Line) -> None:
        """Take a record in."""
        record = source.shape.told_apart(record)
        arrival = self._arrivals.of(source, record, line=at.line, deleted_at=at.deleted_at)
        self.versions.take(at.stream, at.version, arrival)
        self._batches.add(arrival)

    def take_fault(self, source: Input, fault: Rejection, record: dict[str, Any], at: Line) -> None:
        """Take in a record that has a fault already."""
        record = source.shape.told_apart(record)
        arrival = self._arrivals.of_fault(source, fault, record, line=at.line)
        self.versions.take(at.stream, at.version, arrival)
        self._batches.add(arrival)

    def take_line(self, raw: bytes, fault: str, *, line: int) -> None:
        """Take in a line that is no message."""
        nowhere = Input(Stream(name="-"), self._shape(self._streams[self._people]))
        self._batches.add(self._arrivals.of_line(nowhere, raw, fault, line=line))

    def _pass_on(self, task: WriteTask) -> None:
        """Pass a record on to be written when it is its turn, unless it ends before."""
        if self.stopped:
            return
        if not task.stored:
            self.report.count(task, "read")
        try:
            counted = self._prepare(task)
        except Exception as error:  # noqa: BLE001
            task.holds = []
            self._settler.settle(task, None, error)
            return
        if counted:
            self._settler.known(task, counted)
            return
        task.holds = list({*task.holds, *self._scheduler.held_with(task.key)})
        self._scheduler.submit(task)

    def release(self, task: WriteTask, *, settled: bool = True) -> None:
        """Let those behind a record go on; where it is settled, STATE may pass."""
        if settled:
            self.progress.settle(task.arrival.number)
        if task.holds:
            self._scheduler.finish(task)

    def _fail(self, error: Exception) -> None:
        """End the run where a thread of it has failed."""
        logger.debug("Unexpected", exc_info=error)
        self.stop(error if isinstance(error, Stop) else Stop(CONFIGURATION, f"Unexpected: {class_and_place(error)}."))

    def stop(self, why: Stop) -> None:
        """End the run early: what is under way goes on to its end, nothing else is begun."""
        with self._guard:
            self.stopped = self.stopped or why
        self._scheduler.halt()

    def finish(self, broken: Stop | None = None, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Settle everything that was taken in, and what earlier runs left; or end what is under way, if stopped.

        Args:
            broken: Why the rest of the input was not read, if it was not: then what waits for it goes on waiting.
            meanwhile: Called now and then while records that were read are written.
        """
        if not self.stopped:
            self._batches.sort()
        self._settle(meanwhile)
        if broken:
            self.stop(broken)
        self._take_up_again()
        self._mirror()
        if refused := self._rights.account_refused():
            self.stop(Stop(CONFIGURATION, str(refused), refused))
        if self.stopped:
            grace = time.monotonic() + self._settings.grace_seconds
            while not self._scheduler.wait(0.2) and time.monotonic() < grace:
                pass
        self._batches.end()
        self._scheduler.end()

    def _settle(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until nothing is under way any more, and the journal knows all of it."""
        while not self.stopped and not self._scheduler.wait(0.2):
            meanwhile()
        self.journal.catch_up()

    def _take_up_again(self) -> None:
        """Take up what waits, what has no answer and what failed in earlier runs, for as long as that helps."""
        self._take_up(Patience.ALL, old=True)
        patience, before = int(Patience.ALL), self._left()
        while any(before) and patience >= Patience.NOTHING and not self.stopped:
            self._take_up(Patience(patience))
            left = self._left()
            patience = Patience.ALL if left < before else patience - 1
            before = left

    def _mirror(self) -> None:
        """Treat as deleted what complete versions did not bring, of the stream that came last first.

        By now all that came is settled, so that a record that came under another key holds on to what it found.
        """
        for stream, version in reversed(self.versions.complete.items()):
            if self.stopped:
                return
            if self.journal.mirrors.is_another_reader(stream, version.reader):
                logger.warning(
                    "'%s' was read with other credentials or settings than before: what is missing from it may only be"
                    " out of their sight, and is left alone.",
                    stream,
                )
            for key in self.journal.mirrors.gone(stream, version.reader, version.brought):
                if arrival := self._arrivals.of_gone(version.input, key):
                    self._batches.add(arrival)
            self._batches.sort()
            self._settle()

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
                self.report.summary.count(row.stream, "waiting")
                self.report.summary.detail(row.stream, "waiting", row.reason or "no answer")

    def _take_up(self, patience: Patience, *, old: bool = False) -> None:
        """Take up each unfinished record once, rejected ones only where `old`."""
        for rows in self.journal.unfinished():
            for row in rows:
                if self.stopped:
                    return
                if row.state in PENDING or (old and self._worth_another_run(row)):
                    self._resume(row, patience)
            self._settle()

    def _worth_another_run(self, row: Row) -> bool:
        given_up = row.state in LIMITED and row.attempts >= self._settings.max_attempts
        return row.run != self.journal.run and not given_up

    def _resume(self, row: Row, patience: Patience) -> None:
        """Take up a record from the journal."""
        if row.record and (stream := self._streams.get(row.stream)):
            arrival = self._arrivals.of_row(Input(stream, self._shape(stream)), row, row.record)
            self._pass_on(WriteTask(arrival, row.source_key, row, stored=True, patience=patience))

    def code(self) -> int:
        """The exit code."""
        if self.stopped:
            return self.stopped.code
        if self._settings.dry_run or self._settings.fail_on == "none":
            return ALL_WELL
        standing = self.journal.standing()
        left = standing.get("sent", 0) + self.journal.rejected_as(CANNOT_BE_KEPT)
        if self._settings.fail_on == "any":
            left += standing.get("rejected", 0) + standing.get("unknown", 0)
        return SOME_REJECTED if left or self._settler.new_rejects else ALL_WELL

    def _to_write(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return about how many calls, and minutes, the run takes that this one rehearses."""
        calls = result["calls"]
        for name, counts in result["streams"].items():
            size = self._streams[name].batch_size if name in self._streams else 1
            calls += -(-sum(counts[what] for what in ("created", "updated", "deleted")) // size)
        rate = self._account.pacer.rate
        return {"calls": calls, "minutes": round(calls / rate / 60, 1) if rate else None}

    def end(self) -> dict[str, Any]:
        """Let go of the journal and the files, and return the summary."""
        self._over.set()
        self.journal.settle()
        code = self.code()
        standing = self.journal.standing()
        self._count_waiting()
        self.report.close()
        result = self.report.summary.result(
            code=code,
            stopped=str(self.stopped) if self.stopped else None,
            vendor=self._account.vendor.name,
            account=self._account.name,
            source=self.journal.source,
            run=self.journal.run,
            dry_run=self._settings.dry_run,
            calls=self._account.pacer.made,
            refused_429=self._account.pacer.refused,
            in_journal=standing,
            people_are=self._people_index.told,
        )
        if self._settings.dry_run:
            result["to_write"] = self._to_write(result)
        url = None if self._settings.dry_run else self._settings.notify_url
        before = self.journal.run_before() if url else ""
        self.journal.end(code, msgspec.json.encode(result).decode())
        if url and (told := notify.news(result, msgspec.json.decode(before or "{}"))):
            notify.post(url, result, told)
        return result
