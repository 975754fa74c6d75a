"""One record made ready: validated, shaped, fingerprinted; what it must not overtake, and who opted out in it."""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from target_osdi_crm.consent import OUT, Keeps, RequestedConsent
from target_osdi_crm.intake import addresses
from target_osdi_crm.intake.arrivals import encode
from target_osdi_crm.intake.values import decode
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.task import listed

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_osdi_crm.intake.known import Known
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.report.summary import Summary
    from target_osdi_crm.settings import TargetSettings
    from target_osdi_crm.task import WriteTask
    from target_osdi_crm.vendor import Record, Shaped

logger = logging.getLogger("target-osdi-crm")

_canonical = msgspec.json.Encoder(order="deterministic").encode


class Preparation:
    """Makes records ready to be decided; calls nobody."""

    def __init__(
        self, settings: TargetSettings, shaping: bytes, *, journal: Journal, known: Known, summary: Summary
    ) -> None:
        """Prepare by these settings.

        Args:
            settings: The target's settings.
            shaping: A hash of those that change what is sent.
            journal: Learns who opted out.
            known: Tells what ends here.
            summary: Counts.
        """
        self._settings = settings
        self._shaping = shaping
        self._journal = journal
        self._known = known
        self._summary = summary
        self._told: set[tuple[str, str]] = set()

    def __call__(self, task: WriteTask) -> str | None:
        """Make a record ready; return under what it is counted if it ends here.

        One that cannot be written goes on as `refused`, to be rejected when it is its turn. Who opted out in a record
        is known from here on, before any later one is decided, whatever becomes of it.
        """
        try:
            return self._prepared(task)
        except Rejection as rejection:
            task.refused = rejection
            fitting = self._as_far_as_it_fits(task)
            self._note_opt_outs(task, _opt_outs(fitting))
            self._note_keys(task, fitting)
            return None

    def _prepared(self, task: WriteTask) -> str | None:
        arrival = task.arrival
        if counted := self._known.as_it_came(task):
            return counted
        if arrival.fault:
            raise arrival.fault
        if arrival.source_key is None and arrival.input.key:
            raise Rejection("no_key", f"The record lacks a usable value for {' or '.join(arrival.input.key)}.")
        record = decode(arrival.raw) if arrival.record is None else arrival.record
        self._check_size(task, record)
        if arrival.deleted:
            task.shaped = self._as_far_as_it_fits(task)
            if why := self._why_ignored(task):
                self._note_opt_outs(task, _opt_outs(task.shaped))
                return self._ignored(task, why)
            task.shaped.opt_outs = _opt_outs(task.shaped)
        else:
            if arrival.input.validate:
                arrival.input.validate(record)
            task.shaped = self.shaped(task, record)
        arrival.record = None
        self._note_opt_outs(task, task.shaped.opt_outs)
        task.fingerprint = self._fingerprint(task)
        if counted := self._known.as_shaped(task):
            return counted
        self._note_keys(task, task.shaped)
        self._tell_unread(task)
        return None

    def shaped(self, task: WriteTask, record: Record) -> Shaped:
        """Shape a record of the task's stream, without the addresses that are none, unless they opted out.

        Raises:
            Rejection: If it cannot be written as it is.
        """
        shaped = _shaped(task, record, ())
        if shaped.refused:
            opt_outs = _opt_outs(_shaped(task, record, None))
            out = {address for _, address in opt_outs}
            emails = {text for _, kind, text in shaped.refused if kind == "email"}
            keep = {text for text in emails if addresses.normal("email", text) in out}
            if keep:
                shaped = _shaped(task, record, keep)
                shaped.kept = True
            shaped.opt_outs = opt_outs
            shaped.consent = {
                channel: asked for channel, asked in shaped.consent.items() if asked.addresses or asked.status == OUT
            }
        else:
            shaped.opt_outs = _opt_outs(shaped)
        if shaped.rejection:
            raise shaped.rejection
        return shaped

    def _tell_unread(self, task: WriteTask) -> None:
        """Count the fields that nothing reads, and name each once, with the one that was probably meant."""
        stream = task.stream.name
        for name in task.shaped.unknown.keys() - {*task.arrival.input.key}:
            meant = task.shape.columns.meant(name)
            self._summary.detail(stream, "unread", f"{name} ({meant}?)" if meant else name)
            if self._is_first(stream, name):
                more = f" Did you mean '{meant}'?" if meant else ""
                logger.warning("'%s' has a field '%s' that nothing reads; it is not written.%s", stream, name, more)

    def _as_far_as_it_fits(self, task: WriteTask) -> Shaped:
        """Shape what fits of a record that does not."""
        arrival = task.arrival
        record, arrival.record = arrival.record or decode(arrival.raw or b"{}"), None
        shaped = task.shape.fitting(record)
        task.stream.read_consent(shaped)
        with suppress(Rejection):
            task.stream.shape(shaped)
        return shaped

    def _check_size(self, task: WriteTask, record: Record) -> None:
        largest = self._settings.max_field_bytes
        if len(task.arrival.raw) <= largest:
            return
        for name, value in record.items():
            if (size := len(encode(value))) > largest:
                task.arrival.raw = b""
                raise Rejection(
                    "field_too_large", f"The field '{name}' has {size:,} bytes; 'max_field_bytes' is {largest:,}."
                )

    def _why_ignored(self, task: WriteTask) -> str | None:
        """Why a record that was deleted at the source is left alone at the vendor, if it is."""
        stream, settings = task.stream, self._settings
        word = settings.on_delete.of(stream.name, "ignore" if stream.channels else "delete")
        if word == "unsubscribe" and stream.channels:
            task.unsubscribes = True
            asked = task.shaped.consent
            task.shaped.consent = {
                name: RequestedConsent(asked[name].addresses if name in asked else (), OUT) for name in stream.channels
            }
            return None
        if not stream.can_delete:
            return f"{stream.account.vendor.title} documents no deletion of them"
        if not settings.allow_delete:
            return "'allow_delete' is not set"
        return None if word == "delete" else f"'on_delete' is '{word}'"

    def _ignored(self, task: WriteTask, why: str) -> str:
        stream = task.stream
        if self._is_first(stream.name, "_sdc_deleted_at"):
            logger.warning("Deleted records of '%s' are ignored: %s.", stream.name, why)
        self._summary.detail(stream.name, "skipped", "deletion ignored")
        return "skipped"

    def _is_first(self, stream: str, what: str) -> bool:
        """Whether this is the first time that something is to be told."""
        if (stream, what) in self._told:
            return False
        self._told.add((stream, what))
        return True

    def _fingerprint(self, task: WriteTask) -> bytes:
        shaped, channels = task.shaped, task.stream.channels
        asked = [
            (name, next(iter(each.addresses), "" if channels[name].of_person else None), each.status)
            for name, each in sorted(shaped.consent.items())
            if each.status or (channels[name].asks and channels[name].keeps is Keeps.ALL)
        ]
        own_id = shaped.own_id if self._settings.ids_are_this_accounts else None
        whole = [shaped.values, shaped.refers, asked, own_id, task.arrival.deleted]
        return hashlib.blake2b(_canonical(whole), digest_size=16, key=self._shaping).digest()

    def _note_opt_outs(self, task: WriteTask, opt_outs: list[tuple[str, str]]) -> None:
        task.opt_outs = opt_outs
        if opt_outs:
            self._journal.opt_out(opt_outs)

    @staticmethod
    def _note_keys(task: WriteTask, shaped: Shaped) -> None:
        """Note whom or what a record is about, so that it comes behind whatever concerns the same."""
        stream = task.stream
        matched = [(stream.name, name, each) for name, found in shaped.match_keys.items() for each in found]
        reached = [(stream.name, name, each) for name, asked in shaped.consent.items() for each in asked.addresses]
        opted_out = [(stream.name, *each) for each in task.opt_outs]
        task.holds = list(dict.fromkeys([task.key, *matched, *reached, *opted_out]))
        for name, to in task.shape.refers.items():
            place = task.holds if name == stream.subject else task.follows
            place.extend((to, each) for each in listed(shaped.refers.get(name)))
        if stream.batch_by and not task.refused:
            task.group = (stream.name, task.deletes, shaped.refers.get(stream.batch_by))
        if task.row.vendor_id:
            task.holds.append((stream.name, "vendor id", task.row.vendor_id))


def _shaped(task: WriteTask, record: Record, keep: Collection[str] | None) -> Shaped:
    shaped = task.shape(record, keep)
    task.stream.read_consent(shaped)
    task.stream.shape(shaped)
    return shaped


def _opt_outs(shaped: Shaped) -> list[tuple[str, str]]:
    """Channels and addresses that a record says are not to be used."""
    asked = ((name, each) for name, of in shaped.consent.items() if of.status == OUT for each in of.addresses)
    return list(dict.fromkeys([*asked, *shaped.opt_outs]))
