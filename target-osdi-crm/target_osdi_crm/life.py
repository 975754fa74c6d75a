"""The life of a record, from the line it came in to its outcome in the journal; the same for every vendor.

validate → shape → validate → fingerprint → unchanged? → match → consent → plan
  → journal the intent → send → verify the reply → journal the outcome
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import msgspec
from osdi_crm_client import errors

from target_osdi_crm import consent, journal, settings
from target_osdi_crm.consent import Decision, Policy
from target_osdi_crm.journal import MOST_AT_ONCE, Journal, Row
from target_osdi_crm.lanes import Lanes, OneAtATime, Task
from target_osdi_crm.plan import Plan
from target_osdi_crm.progress import Progress
from target_osdi_crm.recent import Recent
from target_osdi_crm.rejects import Lines, Rejection
from target_osdi_crm.shape import Shape
from target_osdi_crm.stop import ALL_WELL, CAPPED, CONFIGURATION, SOME_REJECTED, Stop
from target_osdi_crm.summary import Summary
from target_osdi_crm.vendor import Found, Order, Shaped, Stream, vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from osdi_crm_client.account import Account

    from target_osdi_crm.vendor import Record

logger = logging.getLogger("target-osdi-crm")

CREATE, UPDATE, DELETE = "create", "update", "delete"

MOST_WAITING_IN_LINE = 4000
"""Records that may have been read and not yet looked at."""

MOST_FAILURES_IN_A_ROW = 10
"""Records that may fail one after the other, for no fault of their own, before the run is given up."""

MOST_LINES = 10
"""Log lines for rejected records of one stream and reason; the others are in the file alone."""

PLANNED = "planned: "
"""Begins the ids of what a dry run would create."""

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder().decode
_canonical = msgspec.json.Encoder(order="deterministic").encode


class Waiting(Exception):
    """This record refers to one that is not written yet."""


class Unanswered(Exception):
    """Whether the vendor has acted on this record is not known, and asking again might do it twice."""


@dataclass(frozen=True, slots=True)
class Inflow:
    """Where records of one stream come in: the stream, its key and its own schema's check."""

    stream: Stream
    shape: Shape
    key: tuple[str, ...]
    validate: Callable[[Record], None] | None


@dataclass(slots=True, eq=False)
class Entry(Task):
    """One record on its way."""

    inflow: Inflow
    source_key: str
    raw: bytes
    seen: bytes
    record: Record | None = None
    number: int | None = None
    line: int | None = None
    deleted: bool = False
    row: Row | None = None
    stale: bool = False
    stored: bool = False
    last_chance: bool = False
    before: bytes | None = None
    shaped: Shaped = field(default_factory=Shaped)
    fingerprint: bytes = b""
    opt_outs: list[tuple[str, str]] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        """The stream and the key at the source."""
        return self.inflow.stream.name, self.source_key

    @property
    def name(self) -> str:
        """The record's name in the log: where it came from, and a hash of its key."""
        where = f"line {self.line}" if self.line else "an earlier run"
        return f"{self.inflow.stream.name}, {where}, key {hashlib.sha256(self.source_key.encode()).hexdigest()[:10]}"


class Life:
    """Takes records, settles each, and knows how far it has got."""

    def __init__(self, config: Mapping[str, Any], account: Account) -> None:
        """Open the journal and make ready; calls nobody.

        Raises:
            ConfigurationError: If a setting is wrong.
            Stop: If another run holds the journal.
        """
        self._config = config
        self._account = account
        self._vendor = vendor(config["vendor"])(account, config)
        self._dry = bool(config.get("dry_run"))
        self._mode = str(config.get("mode") or "upsert")
        self._policy = Policy.of(config)
        self._own_ids = bool(config.get("ids_are_this_accounts"))
        self._match_keys = self._chosen_keys()
        self._lag = float(config.get("index_lag_seconds", account.vendor.index_lag))
        self._shaping = settings.signature(config, settings.SHAPING)
        self._deciding = settings.signature(config, settings.DECIDING)
        self._resend = bool(config.get("resend"))
        self._fresh_after = time.time() - float(config.get("resend_after_days") or 1e5) * 86400
        self._most_attempts = int(config.get("max_attempts", 5))
        self._shapes: dict[str, Shape] = {}
        self._strangers: set[tuple[str, str]] = set()
        self._warned: set[str] = set()
        self._logged: Counter[tuple[str, str]] = Counter()
        self._spent: Counter[str] = Counter()
        self._new_rejects = 0
        self._failures_in_a_row = 0
        self._guard = threading.Lock()
        self._claiming = threading.Lock()
        self._recent = Recent(self._lag)
        self._one_at_a_time = OneAtATime()
        self.summary = Summary()
        self.progress = Progress()
        self.stopped: Stop | None = None
        self.journal = Journal(config, account.name, read_only=self._dry)
        self._search_from = self.journal.last_write() + self._lag
        self._rejected = Lines(config, "rejected.jsonl")
        self._plan = Plan(config) if self._dry else None
        self._inbox: SimpleQueue[Entry | None] = SimpleQueue()
        self._lanes: Lanes[Entry] = Lanes(self._live, account.in_flight)
        self._desk = threading.Thread(target=self._receive, name="desk", daemon=True)
        self._desk.start()

    def _chosen_keys(self) -> dict[str, tuple[str, ...]]:
        chosen = {name: stream.default_keys for name, stream in self._vendor.streams.items()}
        for name, keys in (self._config.get("match_keys") or {}).items():
            stream = self._vendor.streams.get(name)
            if not stream or not set(keys) <= set(stream.keys):
                known = f"knows {', '.join(stream.keys) or 'none'}" if stream else "is no stream that can be written"
                raise errors.ConfigurationError(
                    f"The setting 'match_keys' names {', '.join(keys) or 'nothing'} for '{name}', which {known}."
                )
            chosen[name] = tuple(keys)
        return chosen

    # Taking records in

    def inflow(self, stream: str, key: Sequence[str], validate: Callable[[Record], None] | None) -> Inflow:
        """Make ready for records of one stream.

        Raises:
            LookupError: If the vendor does not let anybody write it.
        """
        found = self._vendor.streams[stream]
        return Inflow(found, self._shape(found), tuple(key), validate)

    def _shape(self, stream: Stream) -> Shape:
        if stream.name not in self._shapes:
            self._shapes[stream.name] = Shape(self._account.vendor.name, stream)
        return self._shapes[stream.name]

    def writable(self, stream: str) -> bool:
        """Whether the vendor lets anybody write this stream."""
        return stream in self._vendor.streams

    def take(self, inflow: Inflow, record: Record, *, line: int, deleted: bool) -> None:
        """Take a record in; it is settled later, in another thread."""
        while self._inbox.qsize() >= MOST_WAITING_IN_LINE and not self.stopped:
            time.sleep(0.002)
        raw = _encode(record)
        seen = self._hash(raw, deleted=deleted)
        if len(inflow.key) == 1:
            given = record.get(inflow.key[0])
            source_key = "" if given is None else str(given)
        elif inflow.key:
            given = [record.get(name) for name in inflow.key]
            source_key = "" if None in given else msgspec.json.encode([str(each) for each in given]).decode()
        else:
            source_key = seen.hex()
        number = self.progress.begin()
        self._inbox.put(Entry(inflow, source_key, raw, seen, record, number, line, deleted))

    def _hash(self, raw: bytes, *, deleted: bool) -> bytes:
        salt = b"deleted" if deleted else b""
        return hashlib.blake2b(raw, digest_size=16, key=self._shaping, salt=salt).digest()

    def reject_line(self, line: int, raw: bytes, why: str) -> None:
        """Note a line that is no message."""
        digest = hashlib.blake2b(raw, digest_size=16).digest()
        nowhere = Inflow(Stream(name="-"), self._shape(self._vendor.streams[self._vendor.people]), (), None)
        entry = Entry(nowhere, digest.hex(), b"", digest, None, self.progress.begin(), line)
        entry.row = self.journal.rows([entry.key]).get(entry.key)
        self.summary.count(entry.inflow.stream.name, "read")
        if not self._stands(entry, digest):
            self._reject(entry, Rejection("not a Singer message", why))

    def _receive(self) -> None:
        """Look at what has come in, batch by batch, until there is no more."""
        try:
            while (entry := self._inbox.get()) is not None:
                batch, more = [entry], True
                while len(batch) < MOST_AT_ONCE:
                    try:
                        following = self._inbox.get_nowait()
                    except Empty:
                        break
                    if following is None:
                        more = False
                        break
                    batch.append(following)
                if not self.stopped:
                    self._sort(batch)
                if not more:
                    return
        except Exception as error:  # noqa: BLE001
            self.stop(_unexpected(error))

    def _sort(self, batch: Sequence[Entry]) -> None:
        """Settle what is unchanged; put the rest in lanes."""
        self._lanes.released.clear()
        rows = self.journal.rows([entry.key for entry in batch])
        unchanged: dict[str, list[int]] = {}
        for entry in batch:
            entry.stale = self._lanes.held(entry.key)
            entry.row = row = rows.get(entry.key)
            if row and not entry.stale and self._acknowledged(row, row.seen == entry.seen) and entry.number:
                unchanged.setdefault(row.stream, []).append(entry.number)
                if self._plan:
                    self._plan.add(entry.key, entry.line, "unchanged")
                continue
            self.summary.count(entry.inflow.stream.name, "read")
            try:
                self._prepare(entry)
            except Rejection as rejection:
                self._reject(entry, rejection)
            if self.stopped:
                return
        for stream, numbers in unchanged.items():
            self.summary.count(stream, "read", len(numbers))
            self.summary.count(stream, "unchanged", len(numbers))
            self.progress.end(numbers)

    def _acknowledged(self, row: Row, equal: bool) -> bool:
        return equal and row.outcome == journal.OK and not self._resend and row.at >= self._fresh_after

    def _prepare(self, entry: Entry) -> None:
        """Validate, shape, validate, fingerprint; then settle the entry or put it in its lane.

        Raises:
            Rejection: If it cannot be written.
        """
        stream = entry.inflow.stream
        if self._stands(entry, entry.seen):
            return
        if not entry.source_key:
            raise Rejection("no key", f"The record lacks a value for {', '.join(entry.inflow.key)}.")
        record = entry.record if entry.record is not None else _decode(entry.raw)
        self._check_size(entry, record)
        if entry.deleted and not (stream.delete and self._config.get("allow_delete")):
            self._ignore_deletion(entry)
            return
        if entry.inflow.validate:
            entry.inflow.validate(record)
        entry.shaped = shaped = entry.inflow.shape(record)
        self._vendor.shape(stream, shaped)
        self._tell_strangers(stream.name, shaped)
        entry.record = None
        entry.fingerprint = self._fingerprint(entry)
        if not entry.stale and self._known(entry):
            return
        entry.opt_outs = [
            (channel, wish.address)
            for channel, wish in shaped.wishes.items()
            if wish.status == consent.OUT and wish.address
        ]
        self._submit(entry)

    def _check_size(self, entry: Entry, record: Record) -> None:
        most = int(self._config.get("max_field_bytes", 1_000_000))
        if len(entry.raw) <= most:
            return
        for name, value in record.items():
            if (size := len(_encode(value))) > most:
                entry.raw = b""
                raise Rejection(
                    "field too large", f"The field '{name}' has {size:,} bytes; 'max_field_bytes' is {most:,}."
                )

    def _fingerprint(self, entry: Entry) -> bytes:
        shaped = entry.shaped
        wishes = [(channel, wish.address, wish.status) for channel, wish in sorted(shaped.wishes.items())]
        own_id = shaped.own_id if self._own_ids else None
        whole = [shaped.values, shaped.refers, wishes, own_id, entry.deleted]
        return hashlib.blake2b(_canonical(whole), digest_size=16, key=self._shaping).digest()

    def _known(self, entry: Entry) -> bool:
        """Settle an entry whose payload is acknowledged, or stands rejected."""
        if entry.row and self._acknowledged(entry.row, entry.row.fingerprint == entry.fingerprint):
            self._settle(entry, "unchanged")
            return True
        return self._stands(entry, entry.fingerprint)

    def _stands(self, entry: Entry, tried: bytes) -> bool:
        """Settle an entry that was rejected, skipped or lost before and is not to be tried again."""
        row = entry.row
        if not row or entry.stale:
            return False
        if row.outcome == journal.REJECTED or (row.outcome == journal.WAITING and row.retry):
            entry.before = row.tried
        if entry.stored:
            return False
        if row.outcome == journal.UNKNOWN and row.retry != journal.EACH_RUN:
            self._settle(entry, "unknown")
            return True
        if row.tried != tried or self._config.get("retry_rejected"):
            return False
        if row.outcome == journal.SKIPPED and row.behaviour == self._deciding:
            self._settle(entry, "skipped")
            return True
        given_up = row.retry == journal.EACH_RUN and row.attempts >= self._most_attempts
        same = row.retry == journal.CHANGE and row.behaviour == self._deciding
        if row.outcome == journal.REJECTED and (given_up or same):
            self._settle(entry, "standing")
            return True
        return False

    def _ignore_deletion(self, entry: Entry) -> None:
        stream = entry.inflow.stream
        if stream.name not in self._warned:
            self._warned.add(stream.name)
            why = "'allow_delete' is not set" if stream.delete else "the vendor cannot delete them"
            logger.warning("Deleted records of '%s' are ignored: %s.", stream.name, why)
        self.summary.detail(stream.name, "skipped", "deletion ignored")
        self._settle(entry, "skipped")

    def _tell_strangers(self, stream: str, shaped: Shaped) -> None:
        for name in shaped.strangers:
            if (stream, name) not in self._strangers:
                self._strangers.add((stream, name))
                logger.warning("The field '%s' of '%s' is not known there and is not written.", name, stream)

    def _submit(self, entry: Entry) -> None:
        """Put an entry in its lane: behind whatever concerns the same person or record."""
        stream, shaped = entry.inflow.stream, entry.shaped
        entry.holds = [entry.key, *((stream.name, name, each) for name, found in shaped.keys.items() for each in found)]
        for name, to in entry.inflow.shape.refers.items():
            given = shaped.refers.get(name)
            for each in given if isinstance(given, list) else [given]:
                if each is not None:
                    (entry.holds if name == stream.subject else entry.follows).append((to, str(each)))
        if entry.row and entry.row.vendor_id:
            entry.holds.append((stream.name, "vendor id", entry.row.vendor_id))
        self._lanes.submit(entry)

    # In its lane

    def _live(self, entry: Entry) -> None:
        """Live one record's life from match to outcome."""
        try:
            self._write(entry)
        except Rejection as rejection:
            self._reject(entry, rejection)
        except Waiting as waiting:
            self._park(entry, str(waiting))
        except Unanswered:
            self._leave_unanswered(entry)
        except errors.NotSignedIn as error:
            self._give_back(entry, error)
            self.stop(
                Stop(CONFIGURATION, f"{error}. The run cannot go on; check the credentials and what they may do.")
            )
        except errors.VendorError as error:
            self._reject(entry, _failed(error))
        except Stop as stop:
            self.stop(stop)
            self._lanes.finish(entry)
        except Exception as error:
            logger.debug("Unexpected", exc_info=True)
            self.stop(_unexpected(error))
            self._lanes.finish(entry)

    def _write(self, entry: Entry) -> None:
        if entry.stale:
            entry.stale = False
            entry.row = self.journal.rows([entry.key]).get(entry.key)
            if self._known(entry):
                return
        row = entry.row = entry.row or Row(*entry.key)
        stream = entry.inflow.stream
        order = Order(stream, entry.shaped.values, self._resolve(entry))
        order.mark = self._vendor.mark(stream, entry.source_key)
        if entry.deleted:
            self._delete(entry, order)
            return
        if row.outcome in {journal.SENT, journal.UNKNOWN} and row.action == CREATE and not stream.repeatable:
            self._recover(entry, order)
        found = self._match(entry, order)
        if stream.subject:
            about = (self._vendor.people, order.refers[stream.subject])
        else:
            about = (stream.name, found.id if found else entry.source_key)
        with self._one_at_a_time.holding(about):
            try:
                self._carry_out(entry, order, found)
            except errors.NotFound:
                if not found:
                    raise
                self._forget(entry)
                self._carry_out(entry, order, self._match(entry, order))

    def _resolve(self, entry: Entry) -> dict[str, Any]:
        """Find the vendor's ids of what the record refers to.

        Raises:
            Waiting: If one is not known yet.
            Rejection: If one is not known at the end of the run.
        """
        streams = entry.inflow.shape.refers
        wanted = {
            name: [str(each) for each in given] if isinstance(given, list) else [str(given)]
            for name, given in entry.shaped.refers.items()
        }
        rows = self.journal.rows([(streams[name], each) for name, keys in wanted.items() for each in keys])
        resolved: dict[str, Any] = {}
        for name, keys in wanted.items():
            to = streams[name]
            ids, missing = [], []
            for each in keys:
                row = rows.get((to, each))
                if row and row.vendor_id:
                    ids.append(row.vendor_id)
                elif self._own_ids:
                    ids.append(each)
                else:
                    missing.append(each)
            if missing:
                can_do_without = name in entry.inflow.stream.does_without
                if not entry.last_chance and (self.writable(to) or not can_do_without):
                    raise Waiting(f"{name} refers to {to} not yet written")
                if not can_do_without:
                    raise Rejection(
                        "reference not written",
                        f"{name} refers to {len(missing)} of '{to}' that no run has written.",
                        retry=journal.REFERENCE,
                    )
                self.summary.detail(entry.inflow.stream.name, "withheld", f"{name} refers to nothing known")
                continue
            resolved[name] = ids if isinstance(entry.shaped.refers[name], list) else ids[0]
        return resolved

    def _recover(self, entry: Entry, order: Order) -> None:
        """Find out what became of a creation that was not answered, before it is tried again.

        Raises:
            Rejection: If the vendor shows it otherwise than it was sent.
            Unanswered: If nobody can tell.
        """
        row = _row(entry)
        if row.outcome == journal.UNKNOWN:
            row.action = None
            return
        self._pause_until(row.at + self._lag)
        before = self._account.now() - timedelta(seconds=time.time() - row.at + 2)
        found = self._vendor.look_up(self._as_sent(entry, order), before)
        if found is None:
            row.outcome = journal.UNKNOWN
            raise Unanswered
        with self._claiming:
            for each in found:
                if not self.journal.claimed(row.stream, each.id):
                    row.vendor_id = each.id
                    self.journal.write(row)
                    return
        row.action = None

    def _as_sent(self, entry: Entry, order: Order) -> Order:
        """The order whose answer is missing, where the record has changed since."""
        row = _row(entry)
        sent = self.journal.record(row.stream, row.source_key) if row.tried != entry.fingerprint else None
        if not sent:
            return order
        shaped = entry.inflow.shape(_decode(sent))
        self._vendor.shape(entry.inflow.stream, shaped)
        return Order(order.stream, shaped.values, order.refers, mark=order.mark)

    def _match(self, entry: Entry, order: Order) -> Found | None:
        """Find the record at the vendor: by the journal, by its id, by what this run has written, by a search.

        Raises:
            Rejection: If there is more than one.
        """
        row, stream = entry.row, entry.inflow.stream
        if row and row.vendor_id:
            return Found(row.vendor_id)
        if self._own_ids and entry.shaped.own_id:
            return Found(entry.shaped.own_id)
        found: dict[str, Found] = {}
        keys = self._match_keys[stream.name]
        for name in keys:
            for value in entry.shaped.keys.get(name, ()):
                if known := self._recent.get((stream.name, name, value)):
                    found.setdefault(known, Found(known))
                    continue
                self._pause_until(self._search_from)
                for each in self._vendor.find(stream, name, value):
                    if found.get(each.id, each).record or each.id not in found:
                        found[each.id] = each
        if len(found) > 1:
            raise Rejection("more than one match", f"The vendor has {len(found)}: {', '.join(sorted(found))}.")
        for one in found.values():
            return self._agreeing(entry, order, one, keys)
        return None

    def _agreeing(self, entry: Entry, order: Order, found: Found, keys: Sequence[str]) -> Found:
        """See that a record found by one key is not at odds with the record by a key that weighs more."""
        given = [name for name in keys if entry.shaped.keys.get(name)]
        if len(given) < 2:
            return found
        record = found.record if found.record is not None else self._read(found.id, order)
        theirs = self._vendor.keys_of(entry.inflow.stream, record or {})
        for name in given:
            if set(entry.shaped.keys[name]) & set(theirs.get(name) or ()):
                break
            if theirs.get(name):
                raise Rejection(
                    "match at odds", f"The vendor's {found.id} matches by {given[-1]} but has another {name}."
                )
        return Found(found.id, record)

    def _read(self, vendor_id: str, order: Order) -> Record | None:
        """What the vendor shows of a record; nothing of one that a dry run would create."""
        return {} if vendor_id.startswith(PLANNED) else self._vendor.read(vendor_id, order)

    def _forget(self, entry: Entry) -> None:
        """Let go of an id under which the vendor has nothing any more."""
        _row(entry).vendor_id = None
        _row(entry).channels = None
        entry.shaped.own_id = None

    def _carry_out(self, entry: Entry, order: Order, found: Found | None) -> None:
        """Consent, plan, journal the intent, send, verify, journal the outcome."""
        stream, row = entry.inflow.stream, _row(entry)
        if found and self._mode == CREATE and row.action != CREATE:
            self._skip(entry, "exists already", found.id)
            return
        if not found and self._mode == UPDATE:
            self._skip(entry, "does not exist")
            return
        decisions, found = self._consent(entry, order, found)
        order.statuses = {channel: each.status for channel, each in decisions.items() if each.status}
        if found and not stream.update:
            if self._leave_as_it_is(entry, order, found):
                return
            found = None
        action = UPDATE if found else CREATE
        unlike = None
        if found and found.record is not None:
            unlike = self._vendor.differences(order, found.record)
            if not unlike and not self._says_more(order):
                self._adopt(entry, found)
                self._count_consent(stream.name, decisions, found.record)
                return
        self._vendor.check(action, order)
        self._withhold(entry)
        if self._plan:
            fields = unlike if unlike is not None else sorted({*order.values, *order.refers, *order.statuses})
            self._plan.add(entry.key, entry.line, action, fields=fields, values=order.values)
            self._count_consent(stream.name, decisions, None)
            self._finish_well(entry, action, found.id if found else f"{PLANNED}{entry.source_key}")
            return
        self._spend(action)
        self._intend(entry, action)
        reply = self._send(entry, order, found)
        self._verify(entry, order, reply, decisions, action)

    def _says_more(self, order: Order) -> bool:
        """Whether an order holds what a vendor's record never shows, so that equal is not enough to leave it."""
        names = self._shape(order.stream).write_only
        return any(order.values.get(name) or order.refers.get(name) for name in names)

    def _leave_as_it_is(self, entry: Entry, order: Order, found: Found) -> bool:
        """Adopt a record that cannot be changed; False if it is to be created anew.

        Raises:
            Rejection: If it would have to be changed.
        """
        row, stream = _row(entry), entry.inflow.stream
        if found.record is None and row.fingerprint not in {None, entry.fingerprint} and stream.repeatable:
            return False
        record = found.record if found.record is not None else self._read(found.id, order)
        if record is None:
            self._forget(entry)
            return False
        if unlike := self._vendor.differences(order, record):
            raise Rejection("cannot be changed", f"The vendor lets nobody change {stream.name}: {', '.join(unlike)}.")
        self._adopt(entry, Found(found.id, record))
        return True

    def _consent(self, entry: Entry, order: Order, found: Found | None) -> tuple[dict[str, Decision], Found | None]:
        """Decide what to send about consent, reading the person where that depends on what the vendor has."""
        wishes = entry.shaped.wishes
        if not wishes:
            return {}, found
        states: Mapping[str, str | None] = {}
        if found:
            known = set((_row(entry).channels or "").split(","))
            if found.record is None and (
                not wishes.keys() <= known
                or (self._policy.allow_resubscribe and any(wish.status == consent.IN for wish in wishes.values()))
            ):
                record = self._read(found.id, order)
                if record is None:
                    raise errors.NotFound("the record is gone", method="GET", path=f"{order.stream.name}/{found.id}")
                found = Found(found.id, record)
            states = (
                dict.fromkeys(known, consent.NOT_READ) if found.record is None else self._vendor.states(found.record)
            )
        decisions = {}
        for channel, wish in wishes.items():
            asked = wish.status != consent.OUT and wish.address and not states.get(channel)
            opted_out = bool(asked and self.journal.opted_out(channel, str(wish.address)))
            if found:
                decisions[channel] = self._policy.for_known(wish, states.get(channel), opted_out=opted_out)
            else:
                decisions[channel] = self._policy.for_new(wish, opted_out=opted_out)
        return decisions, found

    def _intend(self, entry: Entry, action: str) -> None:
        row = _row(entry)
        row.attempts = row.attempts if row.tried == entry.fingerprint else 0
        row.outcome, row.action, row.tried, row.record = journal.SENT, action, entry.fingerprint, entry.raw or None
        row.retry = row.reason = row.words = None
        self.journal.write(row, opt_outs=entry.opt_outs)

    def _send(self, entry: Entry, order: Order, found: Found | None) -> Record:
        """Send an order.

        Raises:
            Unanswered: If it may have been carried out, and sending it again might do that twice.
            VendorError: If it was not.
        """
        again = found is not None or entry.inflow.stream.repeatable
        tries = 3 if again else 1
        while True:
            tries -= 1
            try:
                if found:
                    return self._vendor.update(found.id, order, found.record)
                return self._vendor.create(order)
            except errors.Garbled:
                if not again:
                    raise Unanswered from None
                if not tries:
                    raise
            except errors.VendorError as error:
                if error.may_have_happened and not again:
                    raise Unanswered from None
                raise

    def _verify(
        self, entry: Entry, order: Order, reply: Record, decisions: Mapping[str, Decision], action: str
    ) -> None:
        """Compare the reply with what was sent, and journal the outcome."""
        stream = entry.inflow.stream
        vendor_id = self._vendor.id_of(reply)
        _row(entry).vendor_id = vendor_id
        self._remember(entry)
        self._note_channels(entry, reply)
        unlike = self._vendor.differences(order, reply)
        self._count_consent(stream.name, decisions, reply)
        if unlike:
            raise Rejection("not applied", f"The vendor took it and does not show {', '.join(unlike)}.")
        ins = [
            (channel, wish.address)
            for channel, wish in entry.shaped.wishes.items()
            if wish.address and order.statuses.get(channel) == consent.IN and self._policy.allow_resubscribe
        ]
        self._finish_well(entry, action, vendor_id, opt_ins=ins)

    def _remember(self, entry: Entry) -> None:
        """Keep what this run has written, by match key, until the vendor's search shows it."""
        if vendor_id := _row(entry).vendor_id:
            stream = entry.inflow.stream.name
            for name in self._match_keys[stream]:
                for value in entry.shaped.keys.get(name, ()):
                    self._recent.put((stream, name, value), vendor_id)

    def _note_channels(self, entry: Entry, shown: Record) -> None:
        """Keep on which channels the vendor has an address, so that it need not be asked next time."""
        states = self._vendor.states(shown)
        _row(entry).channels = ",".join(sorted(channel for channel, state in states.items() if state)) or None

    def _delete(self, entry: Entry, order: Order) -> None:
        """Delete at the vendor what was deleted at the source."""
        if self._plan:
            self._plan.add(entry.key, entry.line, DELETE)
            self._finish_well(entry, DELETE, None)
            return
        self._spend(UPDATE)
        self._intend(entry, DELETE)
        there = self._vendor.delete(_row(entry).vendor_id, order)
        if not there:
            self.summary.detail(entry.inflow.stream.name, "skipped", "nothing to delete")
        self._finish_well(entry, DELETE if there else "skip", None)

    # Outcomes

    def _adopt(self, entry: Entry, found: Found) -> None:
        """Note that the vendor has the record already, just as it is."""
        if found.record is not None:
            self._note_channels(entry, found.record)
        if self._plan:
            self._plan.add(entry.key, entry.line, "unchanged")
        self._finish_well(entry, "adopt", found.id)

    def _finish_well(
        self, entry: Entry, action: str, vendor_id: str | None, *, opt_ins: Sequence[tuple[str, str]] = ()
    ) -> None:
        row = _row(entry)
        row.outcome, row.vendor_id = journal.OK, vendor_id
        row.seen, row.fingerprint = entry.seen, entry.fingerprint
        row.tried = row.behaviour = row.action = row.retry = row.reason = row.words = row.record = None
        row.attempts = 0
        self._remember(entry)
        with self._guard:
            self._failures_in_a_row = 0
        counted = {CREATE: "created", UPDATE: "updated", DELETE: "deleted", "adopt": "unchanged", "skip": "skipped"}
        self.summary.count(entry.inflow.stream.name, counted[action])
        self.journal.write_soon(row, opt_outs=entry.opt_outs, opt_ins=opt_ins, then=lambda: self._over(entry))

    def _settle(self, entry: Entry, counted: str) -> None:
        """End an entry of which the journal knows all there is."""
        self.summary.count(entry.inflow.stream.name, counted)
        if self._plan:
            self._plan.add(entry.key, entry.line, counted)
        self._over(entry)

    def _over(self, entry: Entry) -> None:
        if entry.number:
            self.progress.end([entry.number])
        if entry.holds:
            self._lanes.finish(entry)

    def _skip(self, entry: Entry, why: str, vendor_id: str | None = None) -> None:
        row = _row(entry)
        row.outcome, row.tried, row.behaviour = journal.SKIPPED, entry.fingerprint, self._deciding
        row.vendor_id, row.reason, row.record = vendor_id or row.vendor_id, why, None
        self.summary.count(entry.inflow.stream.name, "skipped")
        self.summary.detail(entry.inflow.stream.name, "skipped", why)
        if self._plan:
            self._plan.add(entry.key, entry.line, "skip", reason=why)
        self.journal.write_soon(row, opt_outs=entry.opt_outs, then=lambda: self._over(entry))

    def _park(self, entry: Entry, why: str) -> None:
        """Keep a record, on disk, until what it refers to is written."""
        row = _row(entry)
        if entry.stored and (row.outcome == journal.WAITING or row.retry == journal.REFERENCE):
            self._over(entry)
            return
        if row.tried != entry.fingerprint:
            row.attempts, row.retry, row.words = 0, None, None
        row.action = DELETE if entry.deleted else None
        row.outcome, row.tried, row.reason, row.record = journal.WAITING, entry.fingerprint, why, entry.raw or None
        self.journal.write_soon(row, opt_outs=entry.opt_outs, then=lambda: self._over(entry))

    def _leave_unanswered(self, entry: Entry) -> None:
        """Leave the intent as it stands: it is looked up at the end of the run, or else reported."""
        row = _row(entry)
        stream = entry.inflow.stream.name
        row.reason = "no answer"
        if row.outcome == journal.UNKNOWN:
            row.words = "The vendor offers nothing to look it up by. See whether it is there, then tell the journal."
            self.summary.count(stream, "unknown")
            self._tell(entry, "no answer", row.words)
            with self._guard:
                self._new_rejects += 1
        else:
            self._fail_again()
        self.journal.write_soon(row, then=lambda: self._over(entry))

    def _give_back(self, entry: Entry, error: errors.VendorError) -> None:
        """Note that a record was not written because nobody may write, so that it is simply tried again."""
        row = _row(entry)
        row.outcome, row.retry, row.tried = journal.REJECTED, journal.EACH_RUN, entry.fingerprint
        row.reason, row.words, row.record = "not signed in", str(error), entry.raw or None
        row.action = DELETE if entry.deleted else None
        self.journal.write_soon(row, opt_outs=entry.opt_outs, then=lambda: self._over(entry))

    def _reject(self, entry: Entry, rejection: Rejection) -> None:
        row = entry.row = entry.row or Row(*entry.key)
        stream = entry.inflow.stream.name
        tried = entry.fingerprint or entry.seen
        row.attempts = (row.attempts if row.tried == tried else 0) + 1
        row.outcome, row.tried, row.behaviour = journal.REJECTED, tried, self._deciding
        row.retry, row.reason, row.words = rejection.retry, rejection.reason, rejection.words
        row.action, row.record = DELETE if entry.deleted else None, entry.raw or None
        self.summary.count(stream, "rejected")
        self.summary.detail(stream, "rejected", rejection.reason)
        if self._plan:
            how = "ambiguous" if rejection.reason == "more than one match" else "reject"
            self._plan.add(entry.key, entry.line, how, reason=str(rejection))
        self._tell(entry, rejection.reason, rejection.words, rejection.status)
        self._count_reject(new=entry.before != tried)
        if rejection.retry == journal.EACH_RUN:
            self._fail_again()
        self.journal.write_soon(row, opt_outs=entry.opt_outs, then=lambda: self._over(entry))

    def _tell(self, entry: Entry, reason: str, words: str, status: int | None = None) -> None:
        """Tell people about a record that was not written: in full in the file, by its name in the log."""
        stream = entry.inflow.stream.name
        self._rejected.add(
            {
                "stream": stream,
                "key": entry.source_key,
                "line": entry.line,
                "status": status,
                "reason": reason,
                "words": words,
            }
        )
        with self._guard:
            self._logged[stream, reason] += 1
            told = self._logged[stream, reason]
        level = logging.WARNING if told <= MOST_LINES else logging.DEBUG
        more = " (further ones are in rejected.jsonl only)" if told == MOST_LINES else ""
        logger.log(level, "Not written: %s: %s%s", entry.name, reason, more)

    def _count_reject(self, *, new: bool) -> None:
        most = self._config.get("max_rejects")
        with self._guard:
            self._new_rejects += new
            rejects = self._new_rejects
        if most is None or not new:
            return
        read = self.summary.total("read")
        if rejects >= most >= 1 or (most < 1 and read >= 100 and rejects >= most * read):
            self.stop(Stop(CAPPED, f"{rejects:,} records were rejected; 'max_rejects' is {most:g}."))

    def _fail_again(self) -> None:
        with self._guard:
            self._failures_in_a_row += 1
            given_up = self._failures_in_a_row >= MOST_FAILURES_IN_A_ROW
        if given_up:
            self.stop(
                Stop(
                    CAPPED, f"{MOST_FAILURES_IN_A_ROW} records in a row failed for no fault of theirs. Try again later."
                )
            )

    def _spend(self, action: str) -> None:
        """Count one more creation or change, unless that were too many."""
        limit = "max_creates" if action == CREATE else "max_updates"
        most = self._config.get(limit)
        with self._guard:
            if most is not None and self._spent[limit] >= most:
                raise Stop(CAPPED, f"There is more to write than '{limit}' allows ({most}).")
            self._spent[limit] += 1

    def _withhold(self, entry: Entry) -> None:
        for what in entry.shaped.withheld:
            self.summary.detail(entry.inflow.stream.name, "withheld", what)

    def _count_consent(self, stream: str, decisions: Mapping[str, Decision], shown: Record | None) -> None:
        states = self._vendor.states(shown) if shown else {}
        for channel, decision in decisions.items():
            if decision.counted:
                self.summary.detail(stream, "consent", f"{channel} {decision.counted}")
            elif decision.open and states.get(channel) in {consent.OUT, consent.BLOCKED}:
                self.summary.detail(stream, "consent", f"{channel} {consent.WITHHELD}")

    # The end

    def stop(self, why: Stop) -> None:
        """End the run early: what is under way goes on to its end, nothing else is begun."""
        with self._guard:
            if self.stopped is None:
                self.stopped = why
        self._lanes.halt()

    def _pause_until(self, moment: float) -> None:
        while (left := moment - time.time()) > 0 and not self.stopped:
            time.sleep(min(left, 0.2))

    def finish(self, interrupted: Callable[[], Stop | None]) -> None:
        """Settle everything that was taken in, and what earlier runs left; or end what is under way, if stopped.

        Args:
            interrupted: Tells, now and then, whether the run is to end.
        """
        self._inbox.put(None)
        self._until(self._received, interrupted)
        self._until(self._idle, interrupted)
        self._take_up_again(interrupted)
        if self.stopped:
            grace = time.monotonic() + float(self._config.get("grace_seconds", 60))
            while not self._idle() and time.monotonic() < grace:
                pass
        self._lanes.end()

    def _until(self, done: Callable[[], bool], interrupted: Callable[[], Stop | None]) -> None:
        while not self.stopped and not done():
            if why := self.journal.failure or interrupted():
                self.stop(why)

    def _received(self) -> bool:
        self._desk.join(timeout=0.2)
        return not self._desk.is_alive()

    def _idle(self) -> bool:
        return self._lanes.wait(0.2)

    def _take_up_again(self, interrupted: Callable[[], Stop | None]) -> None:
        """Take up what waits, what has no answer and what failed in earlier runs, for as long as that helps."""
        waiting = self._take_up(interrupted, old=True)
        while waiting:
            left = self._take_up(interrupted)
            if left == waiting:
                self._take_up(interrupted, last_chance=True)
                left = self._take_up(interrupted)
                if left == waiting:
                    return
            waiting = left

    def _take_up(self, interrupted: Callable[[], Stop | None], *, old: bool = False, last_chance: bool = False) -> int:
        """Take up each unfinished record once, rejected ones only where `old`; return how many were waiting."""
        waiting = 0
        for rows in self.journal.unfinished():
            for row in rows:
                if self.stopped:
                    return 0
                if row.outcome != journal.REJECTED or (old and self._worth_another_run(row)):
                    waiting += row.outcome == journal.WAITING
                    self._resume(row, last_chance=last_chance)
            self._until(self._idle, interrupted)
        return waiting

    def _worth_another_run(self, row: Row) -> bool:
        given_up = row.retry == journal.EACH_RUN and row.attempts >= self._most_attempts
        return row.run != self.journal.run and not given_up

    def _resume(self, row: Row, *, last_chance: bool) -> None:
        """Take up a record from the journal."""
        if not self.writable(row.stream) or not row.record:
            return
        stream, raw, deleted = self._vendor.streams[row.stream], row.record, row.action == DELETE
        row.record = None
        entry = Entry(
            Inflow(stream, self._shape(stream), (), None),
            row.source_key,
            raw,
            self._hash(raw, deleted=deleted),
            deleted=deleted,
            row=row,
            stored=True,
            last_chance=last_chance,
        )
        try:
            self._prepare(entry)
        except Rejection as rejection:
            self._reject(entry, rejection)

    def end(self, code: int) -> dict[str, Any]:
        """Let go of the journal and the files, and return the summary."""
        self._rejected.close()
        if self._plan:
            self._plan.close()
        result = self.summary.result(
            code=code,
            vendor=self._account.vendor.name,
            account=self._account.name,
            source=self.journal.source,
            run=self.journal.run,
            dry_run=self._dry,
            calls=self._account.pacer.made,
            refused_429=self._account.pacer.refused,
        )
        self.journal.end(code, msgspec.json.encode(result).decode())
        return result

    def code(self) -> int:
        """The exit code, as far as records decide it."""
        fail_on = self._config.get("fail_on") or "new"
        if self._dry or fail_on == "none":
            return ALL_WELL
        standing = self.journal.standing()
        left = standing.get(journal.SENT, 0)
        if fail_on == "any":
            left += standing.get(journal.REJECTED, 0) + standing.get(journal.UNKNOWN, 0)
        return SOME_REJECTED if self._new_rejects or left else ALL_WELL


def _row(entry: Entry) -> Row:
    """The row of an entry that has reached its lane."""
    entry.row = entry.row or Row(*entry.key)
    return entry.row


def _failed(error: errors.VendorError) -> Rejection:
    words = error.words or error.why
    if isinstance(error, errors.Refused):
        return Rejection("the vendor refused", words, status=error.status)
    if isinstance(error, errors.ForeignOrigin):
        return Rejection("the vendor points elsewhere", words)
    return Rejection("the vendor did not manage", words, retry=journal.EACH_RUN, status=error.status)


def _unexpected(error: Exception) -> Stop:
    return Stop(CONFIGURATION, f"Unexpected: {type(error).__name__}. Nothing that was not journaled has been sent.")
