"""The life of a record, from the line it came in to its outcome; the same for every vendor.

validate → shape → validate → fingerprint → unchanged? → match → consent → plan
→ journal the intent → send → verify the reply → journal the outcome
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
from osdi_crm_client import errors

from target_osdi_crm import behaviour, consent
from target_osdi_crm.consent import Decision, Policy
from target_osdi_crm.doubt import Doubt, Unanswered, Unknowable
from target_osdi_crm.gathering import sent_together
from target_osdi_crm.index import Index
from target_osdi_crm.intake import encode
from target_osdi_crm.journal.states import LIMITED, UNTIL_CHANGED, WRITTEN, Event, State, after
from target_osdi_crm.lanes import OneAtATime
from target_osdi_crm.matching import PLANNED, Matching
from target_osdi_crm.outcomes import ADOPT, NOTHING, Outcomes
from target_osdi_crm.references import References, Waiting, listed
from target_osdi_crm.rejects import EACH_RUN, REFERENCE, Rejection
from target_osdi_crm.stop import CAPPED, CONFIGURATION, Stop
from target_osdi_crm.vendor import CREATE, DELETE, UPDATE, Found, Order, Shaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from osdi_crm_client.account import Account

    from target_osdi_crm.consent import RequestedConsent
    from target_osdi_crm.entry import Entry
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.lanes import Lanes
    from target_osdi_crm.report.plan import Plan
    from target_osdi_crm.report.summary import Summary
    from target_osdi_crm.vendor import Record, Stream, Vendor

logger = logging.getLogger("target-osdi-crm")

MOST_TRIES = 3
"""How often a repeatable call is made whose answers cannot be read."""

_ENDED = {State.OK, State.SKIPPED}
"""States in which a record is there as it should be, or is left as it is."""

_HOPELESS = (errors.NotSignedIn, errors.Unreachable)
"""What every record would meet."""

_decode = msgspec.json.Decoder().decode
_canonical = msgspec.json.Encoder(order="deterministic").encode


class Life:
    """What happens to an entry, step by step."""

    def __init__(
        self,
        config: Mapping[str, Any],
        account: Account,
        vendor: Vendor,
        *,
        kept: Journal,
        lanes: Lanes[Entry],
        outcomes: Outcomes,
        summary: Summary,
        plan: Plan | None,
        stop: Callable[[Stop], None],
        stopped: Callable[[], bool],
    ) -> None:
        """Make ready; calls nobody.

        Args:
            config: The settings.
            account: The account that is written to.
            vendor: The steps that are the vendor's own.
            kept: The journal.
            lanes: Where entries go that are to be sent.
            outcomes: Where entries end.
            summary: Counts.
            plan: Learns of every record in a dry run.
            stop: Ends the run early.
            stopped: Tells whether it is to end.

        Raises:
            ConfigurationError: If a setting is wrong.
        """
        self._config = config
        self._account = account
        self._vendor = vendor
        self._journal = kept
        self._lanes = lanes
        self._outcomes = outcomes
        self._summary = summary
        self._plan = plan
        self._stop = stop
        self._stopped = stopped
        self._mode = str(config.get("mode") or "upsert")
        self._policy = Policy.of(config)
        self._own_ids = bool(config.get("ids_are_this_accounts"))
        self._shaping = behaviour.shaping(config)
        self._deciding = behaviour.deciding(config)
        self._fresh_after = behaviour.fresh_after(config)
        self._most_attempts = int(config.get("max_attempts", 5))
        self._largest_field = int(config.get("max_field_bytes", 1_000_000))
        index = Index(account.index_lag, kept.last_write(), stopped)
        self._references = References(config, vendor, kept)
        self._matching = Matching(config, vendor, kept, index, account.index_lag)
        self._doubt = Doubt(
            account, kept, references=self._references, index=index, shape=self._shape, deciding=self._deciding
        )
        self._one_at_a_time = OneAtATime()
        self._guard = threading.Lock()
        self._spent: Counter[str] = Counter()
        self._mentioned: set[tuple[str, str]] = set()

    # Before its lane

    def begin(self, entry: Entry) -> None:
        """Validate, shape, validate, fingerprint; then end the entry, or put it in its lane."""
        if self._stopped():
            return
        if not entry.stored:
            self._summary.count(entry.stream.name, "read")
        try:
            self._prepare(entry)
        except Rejection as rejection:
            self._note_opt_outs(entry, self._as_far_as_it_fits(entry))
            if entry.stale:
                entry.refused = rejection
                self._submit(entry)
            else:
                self._supersede(entry)
                self._outcomes.rejected(entry, rejection)

    def _prepare(self, entry: Entry) -> None:
        arrival, stream = entry.arrival, entry.stream
        if self._stands(entry, arrival.seen):
            return
        if arrival.fault:
            raise Rejection("not a Singer message", arrival.fault)
        if arrival.source_key is None and arrival.inflow.key:
            raise Rejection("no key", f"The record lacks a value for {' or '.join(arrival.inflow.key)}.")
        record = _decode(arrival.raw) if arrival.record is None else arrival.record
        self._check_size(entry, record)
        if arrival.deleted and not (stream.can_delete and self._config.get("allow_delete")):
            self._ignore_deletion(entry)
            return
        if arrival.inflow.validate:
            arrival.inflow.validate(record)
        entry.shaped = self._shape(entry, record)
        arrival.record = None
        entry.fingerprint = self._fingerprint(entry)
        if not entry.stale and self._known(entry):
            return
        self._note_opt_outs(entry, entry.shaped)
        self._submit(entry)

    def _note_opt_outs(self, entry: Entry, shaped: Shaped) -> None:
        entry.opt_outs = [
            (channel, wish.address)
            for channel, wish in shaped.consent.items()
            if wish.status == consent.OUT and wish.address
        ]

    def _as_far_as_it_fits(self, entry: Entry) -> Shaped:
        """Shape what fits of a record that does not: who opted out in it has opted out."""
        arrival = entry.arrival
        if not (record := arrival.record):
            return Shaped()
        arrival.record = None
        shaped = arrival.inflow.shape.fitting(record)
        with suppress(Rejection):
            entry.stream.shape(shaped)
        return shaped

    def _check_size(self, entry: Entry, record: Record) -> None:
        if len(entry.arrival.raw) <= self._largest_field:
            return
        for name, value in record.items():
            if (size := len(encode(value))) > self._largest_field:
                entry.arrival.raw = b""
                raise Rejection(
                    "field too large",
                    f"The field '{name}' has {size:,} bytes; 'max_field_bytes' is {self._largest_field:,}.",
                )

    def _shape(self, entry: Entry, record: Record) -> Shaped:
        shaped = entry.arrival.inflow.shape(record)
        entry.stream.shape(shaped)
        for name in shaped.unknown:
            if self._mention(entry.stream.name, name):
                logger.warning("'%s' has a field '%s' that nothing reads; it is not written.", entry.stream.name, name)
        return shaped

    def _mention(self, stream: str, what: str) -> bool:
        """Whether this is the first time that something is to be mentioned."""
        if (stream, what) in self._mentioned:
            return False
        self._mentioned.add((stream, what))
        return True

    def _ignore_deletion(self, entry: Entry) -> None:
        stream = entry.stream
        if self._mention(stream.name, "_sdc_deleted_at"):
            why = "'allow_delete' is not set" if stream.can_delete else "the vendor lets nobody delete them"
            logger.warning("Deleted records of '%s' are ignored: %s.", stream.name, why)
        self._summary.detail(stream.name, "skipped", "deletion ignored")
        self._outcomes.known(entry, "skipped")

    def _fingerprint(self, entry: Entry) -> bytes:
        shaped = entry.shaped
        wishes = [(channel, wish.address, wish.status) for channel, wish in sorted(shaped.consent.items())]
        own_id = shaped.own_id if self._own_ids else None
        whole = [shaped.values, shaped.refers, wishes, own_id, entry.arrival.deleted]
        return hashlib.blake2b(_canonical(whole), digest_size=16, key=self._shaping).digest()

    def _known(self, entry: Entry) -> bool:
        """End an entry whose payload is acknowledged, or is not to be tried again."""
        row = entry.row
        if row.state in WRITTEN and row.fingerprint == entry.fingerprint and row.at >= self._fresh_after:
            self._outcomes.known(entry, "unchanged")
            return True
        return self._stands(entry, entry.fingerprint)

    def _stands(self, entry: Entry, tried: bytes) -> bool:
        """End an entry that was rejected, skipped or lost before, and is not to be tried again."""
        row = entry.row
        if entry.stale:
            return False
        entry.rejected = row.rejected_before
        entry.unknown = row.tried if row.state is State.UNKNOWN else None
        if entry.stored:
            return False
        counted = None
        if row.state is State.UNKNOWN and row.tried == tried:
            counted = "unknown"
        elif row.tried == tried and not self._config.get("retry_rejected"):
            same = row.settings == self._deciding
            if row.state is State.SKIPPED and same:
                counted = "skipped"
            elif (row.state in UNTIL_CHANGED and same) or (
                row.state in LIMITED and row.attempts >= self._most_attempts
            ):
                counted = "standing"
        if counted:
            self._outcomes.known(entry, counted)
        return counted is not None

    def _submit(self, entry: Entry) -> None:
        """Put an entry in its lane: behind whatever concerns the same person or record.

        What comes after it for an address that the record had before comes behind it, too.
        """
        stream, shaped = entry.stream, entry.shaped
        entry.holds = [
            entry.key,
            *((stream.name, name, each) for name, found in shaped.match_keys.items() for each in found),
        ]
        for name, to in entry.arrival.inflow.shape.refers.items():
            place = entry.holds if name == stream.subject else entry.follows
            place.extend((to, each) for each in listed(shaped.refers.get(name)))
        if stream.batch_by:
            entry.group = (stream.name, entry.arrival.deleted, shaped.refers.get(stream.batch_by))
        if entry.row.vendor_id:
            entry.holds.append((stream.name, "vendor id", entry.row.vendor_id))
        entry.holds = list({*entry.holds, *self._lanes.held_with(entry.key)})
        self._lanes.submit(entry)

    # In its lane

    def live(self, entry: Entry) -> None:
        """Live the rest of an entry's life, from match to outcome, when it is its turn.

        Of records that travel in one call, the one that makes it alone needs a turn.
        """
        if entry.stream.batched:
            self._live(entry)
            return
        with self._account.turns.taken():
            if self._stopped():
                self._lanes.finish(entry)
            else:
                self._live(entry)

    def _live(self, entry: Entry) -> None:
        with self._ending(entry):
            self._write(entry)

    def live_together(self, entries: Sequence[Entry]) -> None:
        """Live the rest of the lives of entries that share a call; what is there already is simply sent again."""
        with self._account.turns.taken():
            self._live_together(entries)

    def _live_together(self, entries: Sequence[Entry]) -> None:
        if self._stopped():
            for entry in entries:
                self._lanes.finish(entry)
            return
        stream, deleted = entries[0].stream, entries[0].arrival.deleted
        action = DELETE if deleted else CREATE
        shared: list[tuple[Entry, Order]] = []
        for entry in entries:
            with self._ending(entry):
                if order := self._to_share(entry, action):
                    shared.append((entry, order))
        if not shared:
            return
        try:
            self._journal.write_all([entry.row for entry, _ in shared])
        except Stop as stop:
            self._stop(stop)
            for entry, _ in shared:
                self._lanes.finish(entry)
            return
        orders = [order for _, order in shared]
        replies = sent_together(orders, lambda some: stream.write_batch(some, deleted=deleted))
        for (entry, _), reply in zip(shared, replies, strict=True):
            with self._ending(entry):
                if isinstance(reply, Exception):
                    self._not_sent(entry)
                    raise reply
                self._finish_well(entry, action, None if deleted else stream.id_of(reply))

    def _to_share(self, entry: Entry, action: str) -> Order | None:
        """Prepare an entry's order, and its intent; None if the entry ends without."""
        if not (order := self._order(entry)):
            return None
        if action == CREATE:
            if self._leaves_alone(entry, entry.row.vendor_id):
                return None
            entry.stream.require(CREATE, order)
            self._count_withheld(entry)
        if self._plan:
            self._plan.add(entry.key, entry.arrival.line, action, fields=sorted(order.refers))
            self._finish_well(entry, action, f"{PLANNED}{entry.source_key}" if action == CREATE else None)
            return None
        self._spend(action)
        self._note_intent(entry, action)
        return order

    @contextmanager
    def _ending(self, entry: Entry) -> Iterator[None]:
        """End an entry by what goes wrong with it."""
        try:
            yield
        except Rejection as rejection:
            if rejection.retry == REFERENCE and entry.patience:
                self._outcomes.parked(entry, rejection.reason)
            else:
                self._outcomes.rejected(entry, rejection, rejection)
        except Waiting as waiting:
            self._outcomes.parked(entry, str(waiting))
        except Unanswered as unanswered:
            self._unanswered(entry, unanswered.error)
        except Unknowable:
            self._outcomes.unknown(entry)
        except _HOPELESS as error:
            self._outcomes.given_back(entry, error)
            self._end_if_hopeless(error)
        except errors.VendorError as error:
            self._outcomes.rejected(entry, _failed(error), error)
        except Stop as stop:
            self._stop(stop)
            self._lanes.finish(entry)
        except Exception as error:
            logger.debug("Unexpected", exc_info=True)
            self._stop(Stop(CONFIGURATION, f"Unexpected: {type(error).__name__}, at {entry.name}."))
            self._lanes.finish(entry)

    def _unanswered(self, entry: Entry, error: errors.VendorError) -> None:
        """Leave an entry to be looked up later in the run; when that was tried often enough, to the next run."""
        self._doubt.begin(entry)
        if entry.patience or isinstance(error, _HOPELESS):
            self._outcomes.unanswered(entry, error)
            self._end_if_hopeless(error)
        else:
            self._outcomes.rejected(entry, _failed(error), error)

    def _end_if_hopeless(self, error: errors.VendorError) -> None:
        """End the run where every other record would meet the same error."""
        if isinstance(error, _HOPELESS):
            self._stop(Stop(CONFIGURATION, str(error)))

    def _order(self, entry: Entry) -> Order | None:
        """What an entry is to have sent, once nothing sent before is in doubt; None if it ends without.

        Raises:
            Unknowable: If nobody can tell what became of what was sent before.
            Unanswered: If the vendor cannot be asked.
            Waiting: If it refers to what is not written yet.
            Rejection: If it was found to be no good, or refers to what is not written at the end of the run.
        """
        if entry.stale:
            entry.stale = False
            entry.row = self._journal.rows([entry.key]).get(entry.key) or entry.row
            if self._stands(entry, entry.arrival.seen) or self._known(entry):
                return None
        if not entry.stored:
            self._outcomes.overtaken(entry)
        self._supersede(entry)
        if entry.refused:
            raise entry.refused
        if entry.row.state.is_unanswered:
            self._doubt.clear_up(entry)
        try:
            return Order(entry.stream, entry.shaped.values, self._references.resolve(entry))
        except Waiting:
            if not entry.arrival.deleted:
                raise
            self._finish_well(entry, NOTHING, None)
            return None

    def _supersede(self, entry: Entry) -> None:
        """Take this version of the record for the one that the journal knows of."""
        row, arrival = entry.row, entry.arrival
        tried, sent = entry.fingerprint or arrival.seen, row.sent
        if row.state.is_unanswered and row.tried != tried and sent is None:
            sent = (arrival.raw if entry.stored else self._journal.record(row.stream, row.source_key)) or b""
        entry.row = after(
            row,
            Event.SUPERSEDE,
            deleted=arrival.deleted,
            tried=tried,
            record=arrival.raw or None,
            sent=sent,
            attempts=row.attempts if row.tried == tried else 0,
        )

    def _write(self, entry: Entry) -> None:
        if not (order := self._order(entry)):
            return
        stream = entry.stream
        order.foreign_id = stream.foreign_id(entry.source_key)
        if entry.arrival.deleted:
            self._delete(entry, order)
            return
        found = self._matching.find(entry, order)
        try:
            self._write_as(entry, order, found)
        except errors.AlreadyExists as exists:
            if found:
                raise
            self._write_as(entry, order, Found(exists.vendor_id))

    def _write_as(self, entry: Entry, order: Order, found: Found | None) -> None:
        """Carry an order out while nobody else writes about the same person, or the same record."""
        stream = entry.stream
        if stream.subject:
            about = (self._vendor.people, order.refers.get(stream.subject))
        else:
            about = (stream.name, found.id if found else entry.source_key)
        with self._one_at_a_time.holding(about):
            if found and self._matching.moved(entry, found.id):
                found = None
            try:
                self._carry_out(entry, order, found)
            except errors.NotFound:
                if not found:
                    raise
                self._forget(entry)
                self._matching.note_gone(entry, found)
                self._carry_out(entry, order, self._matching.find(entry, order))

    def _forget(self, entry: Entry) -> None:
        """Let go of an id under which the vendor has nothing any more."""
        entry.row = after(entry.row, Event.VANISH)
        entry.shaped.own_id = None

    def _carry_out(self, entry: Entry, order: Order, found: Found | None) -> None:
        """Consent, plan, journal the intent, send, verify, journal the outcome."""
        stream = entry.stream
        if self._leaves_alone(entry, found.id if found else None):
            return
        if found and found.record is None and stream.read_before_update:
            found = self._matching.shown(order, found)
        decisions, found = self._consent(entry, order, found)
        order.statuses = {channel: each.status for channel, each in decisions.items() if each.status}
        if found and not stream.can_update:
            if self._leave_as_it_is(entry, order, found):
                return
            found = None
        unlike = None if found is None or found.record is None else stream.differences(order, found.record)
        if found and unlike == [] and not self._says_more(entry, order):
            self._count_consent(stream, decisions, found.record)
            self._adopt(entry, found)
            return
        action = UPDATE if found else CREATE
        if found:
            fixed = entry.arrival.inflow.shape.fixed
            order = replace(order, values={name: each for name, each in order.values.items() if name not in fixed})
        stream.require(action, order)
        self._count_withheld(entry)
        if self._plan:
            fields = sorted({*order.values, *order.refers, *order.statuses}) if unlike is None else unlike
            self._plan.add(entry.key, entry.arrival.line, action, fields=fields, values=order.values)
            self._count_consent(stream, decisions, None)
            channels = ",".join(sorted(entry.shaped.consent)) or None
            vendor_id = found.id if found else f"{PLANNED}{entry.source_key}"
            self._finish_well(entry, action, vendor_id, channels=channels)
            return
        self._spend(action)
        self._intend(entry, action)
        try:
            reply = self._send(order, found)
        except (Rejection, errors.VendorError):
            self._not_sent(entry)
            raise
        self._verify(entry, order, reply, decisions, found)

    def _not_sent(self, entry: Entry) -> None:
        """Note that what was about to be created is not, as the answer says, or may be created once more."""
        if entry.row.state is State.UNANSWERED:
            entry.row = after(entry.row, Event.NOT_CREATED)

    def _leaves_alone(self, entry: Entry, known_as: str | None) -> bool:
        """End an entry that the mode leaves alone."""
        row = entry.row
        ours = row.state is State.FOUND or (row.fingerprint == entry.fingerprint and row.state not in _ENDED)
        if known_as and self._mode == CREATE and not ours:
            self._outcomes.skipped(entry, "exists already", known_as)
        elif not known_as and self._mode == UPDATE:
            self._outcomes.skipped(entry, "does not exist")
        else:
            return False
        return True

    def _count_withheld(self, entry: Entry) -> None:
        for what in entry.shaped.withheld:
            self._summary.detail(entry.stream.name, "withheld", what)

    def _says_more(self, entry: Entry, order: Order) -> bool:
        """Whether an order holds what a vendor's record never shows, so that equal is not enough to leave it."""
        return any(order.values.get(name) or order.refers.get(name) for name in entry.arrival.inflow.shape.write_only)

    def _leave_as_it_is(self, entry: Entry, order: Order, found: Found) -> bool:
        """Adopt a record that cannot be changed; False if it is to be created anew.

        Raises:
            Rejection: If it would have to be changed.
        """
        row, stream = entry.row, entry.stream
        if found.record is None and row.fingerprint not in {None, entry.fingerprint} and stream.idempotent:
            return False
        record = self._matching.read(found.id, order) if found.record is None else found.record
        if record is None:
            self._forget(entry)
            return False
        if unlike := stream.differences(order, record):
            raise Rejection("cannot be changed", f"The vendor lets nobody change {stream.name}: {', '.join(unlike)}.")
        self._adopt(entry, Found(found.id, record))
        return True

    def _consent(self, entry: Entry, order: Order, found: Found | None) -> tuple[dict[str, Decision], Found | None]:
        """Decide what to send about consent, reading the person where that depends on what the vendor has."""
        wishes = entry.shaped.consent
        if not wishes:
            return {}, found
        states: Mapping[str, str | None] = {}
        barred = self._barred(wishes)
        if found:
            known = set((entry.row.channels or "").split(","))
            asks_in = any(wish.status == consent.IN for wish in wishes.values())
            in_question = barred or (asks_in and self._policy.allow_resubscribe)
            if found.record is None and (in_question or not wishes.keys() <= known):
                found = self._matching.shown(order, found)
            if found.record is None:
                states = dict.fromkeys(known, consent.NOT_READ)
            else:
                theirs = entry.stream.addresses_of(found.record)
                moved = {each for each in barred & theirs.keys() if wishes[each].address not in theirs[each]}
                states = {**entry.stream.statuses_of(found.record), **dict.fromkeys(moved)}
        decisions = {}
        for channel, wish in wishes.items():
            if found:
                decisions[channel] = self._policy.for_known(wish, states.get(channel), opted_out=channel in barred)
            else:
                decisions[channel] = self._policy.for_new(wish, opted_out=channel in barred)
        return decisions, found

    def _barred(self, wishes: Mapping[str, RequestedConsent]) -> set[str]:
        """Channels of which some record said that the address is not to be used, and this one does not."""
        if self._policy.allow_resubscribe:
            return set()
        return {
            channel
            for channel, wish in wishes.items()
            if wish.address and wish.status != consent.OUT and self._journal.opted_out(channel, wish.address)
        }

    def _spend(self, action: str) -> None:
        """Count one more creation or change.

        Raises:
            Stop: If that were more than the settings allow.
        """
        limit = "max_creates" if action == CREATE else "max_updates"
        most = self._config.get(limit)
        with self._guard:
            if most is not None and self._spent[limit] >= most:
                raise Stop(CAPPED, f"There is more to write than '{limit}' allows ({most}).")
            self._spent[limit] += 1

    def _intend(self, entry: Entry, action: str) -> None:
        """Journal what is about to be sent; on return it is durable."""
        self._note_intent(entry, action)
        self._journal.write(entry.row, opt_outs=entry.opt_outs)

    def _note_intent(self, entry: Entry, action: str) -> None:
        if action == CREATE:
            entry.row = after(entry.row, Event.INTEND_CREATE, sent_at=time.time(), sent_settings=self._deciding)
        else:
            entry.row = after(entry.row, Event.INTEND_CHANGE)

    def _send(self, order: Order, found: Found | None) -> Record:
        """Send an order and return the reply.

        Raises:
            Unanswered: If it may have been carried out, and sending it again might do that twice.
            VendorError: If it was not.
        """
        stream = order.stream
        again = found is not None or order.stream.is_idempotent(order)
        for left in reversed(range(MOST_TRIES)):
            try:
                return stream.update(found.id, order, found.record) if found else stream.create(order)
            except errors.VendorError as error:
                if error.may_have_happened and not again:
                    raise Unanswered(error) from error
                if (
                    isinstance(error, errors.Refused)
                    and order.foreign_id
                    and (there := self._doubt.there_by_now(order))
                ):
                    return there
                if not isinstance(error, errors.Garbled) or not left:
                    raise
        raise AssertionError

    def _verify(
        self, entry: Entry, order: Order, reply: Record, decisions: Mapping[str, Decision], found: Found | None
    ) -> None:
        """Compare the reply with what was sent, and journal the outcome.

        Raises:
            Rejection: If the vendor did not apply what it took.
        """
        stream, vendor_id = entry.stream, entry.stream.id_of(reply)
        unlike = stream.differences(order, reply)
        if unlike and found and vendor_id not in {None, found.id}:
            raise Rejection("not_applied", f"The vendor was to change {found.id} and shows {vendor_id}.")
        channels = self._channels(stream, reply)
        self._matching.remember(entry, vendor_id, reply)
        self._count_consent(stream, decisions, reply)
        if found:
            whole = Order(order.stream, entry.shaped.values, order.refers)
            for name in set(stream.differences(whole, reply)) - set(unlike):
                self._summary.detail(stream.name, "withheld", f"{name} cannot be changed")
        if unlike:
            if vendor_id:
                entry.row = after(entry.row, Event.FIND, vendor_id=vendor_id, channels=channels)
            raise Rejection("not_applied", f"The vendor took it and does not show {', '.join(unlike)}.")
        ins = [
            (channel, wish.address)
            for channel, wish in entry.shaped.consent.items()
            if wish.address and self._policy.allow_resubscribe and order.statuses.get(channel) == consent.IN
        ]
        action = UPDATE if found else CREATE
        self._finish_well(entry, action, vendor_id, channels=channels, opt_ins=ins, notes=order.notes)

    def _delete(self, entry: Entry, order: Order) -> None:
        """Delete at the vendor what was deleted at the source."""
        if self._plan:
            self._plan.add(entry.key, entry.arrival.line, DELETE)
            self._finish_well(entry, DELETE, None)
            return
        self._spend(DELETE)
        self._intend(entry, DELETE)
        there = entry.stream.delete(entry.row.vendor_id, order)
        if not there:
            self._summary.detail(entry.stream.name, "skipped", "nothing to delete")
        self._finish_well(entry, DELETE if there else NOTHING, None)

    def _adopt(self, entry: Entry, found: Found) -> None:
        """Note that the vendor has the record already, just as it is."""
        channels = entry.row.channels if found.record is None else self._channels(entry.stream, found.record)
        self._finish_well(entry, ADOPT, found.id, channels=channels)

    def _finish_well(
        self,
        entry: Entry,
        action: str,
        vendor_id: str | None,
        *,
        channels: str | None = None,
        opt_ins: Sequence[tuple[str, str]] = (),
        notes: Sequence[str] = (),
    ) -> None:
        self._matching.remember(entry, vendor_id)
        self._outcomes.well(entry, action, vendor_id, channels=channels, opt_ins=opt_ins, notes=notes)

    @staticmethod
    def _channels(stream: Stream, shown: Record) -> str | None:
        """The channels on which the vendor has an address, which are kept so that it need not be asked next time."""
        return ",".join(sorted(channel for channel, state in stream.statuses_of(shown).items() if state)) or None

    def _count_consent(self, stream: Stream, decisions: Mapping[str, Decision], shown: Record | None) -> None:
        states = stream.statuses_of(shown) if shown else {}
        for channel, decision in decisions.items():
            if decision.counted:
                self._summary.detail(stream.name, "consent", f"{channel} {decision.counted}")
            elif decision.open and states.get(channel) in {consent.OUT, consent.BLOCKED}:
                self._summary.detail(stream.name, "consent", f"{channel} {consent.WITHHELD}")


def _failed(error: errors.VendorError) -> Rejection:
    words = error.words or error.why
    if isinstance(error, errors.Refused):
        return Rejection("the vendor refused", words, why=error.why, status=error.status)
    if isinstance(error, errors.ForeignOrigin):
        return Rejection("the vendor points elsewhere", words, why=error.why)
    return Rejection("the vendor did not manage", words, why=error.why, retry=EACH_RUN, status=error.status)
