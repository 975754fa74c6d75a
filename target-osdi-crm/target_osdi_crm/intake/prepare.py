"""One record made ready: validated, shaped, fingerprinted; what it must not overtake, and who opted out in it."""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from target_osdi_crm import consent
from target_osdi_crm.intake import addresses
from target_osdi_crm.intake.arrivals import encode
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.task import listed
from target_osdi_crm.vendor import Shaped

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_osdi_crm.intake.known import Known
    from target_osdi_crm.report.summary import Summary
    from target_osdi_crm.settings import TargetSettings
    from target_osdi_crm.task import WriteTask
    from target_osdi_crm.vendor import Record

logger = logging.getLogger("target-osdi-crm")

_decode = msgspec.json.Decoder().decode
_canonical = msgspec.json.Encoder(order="deterministic").encode


class Preparation:
    """Makes records ready to be decided; calls nobody."""

    def __init__(self, settings: TargetSettings, shaping: bytes, known: Known, summary: Summary) -> None:
        """Prepare by these settings.

        Args:
            settings: The target's settings.
            shaping: A hash of those that change what is sent.
            known: Tells what ends here.
            summary: Counts.
        """
        self._settings = settings
        self._shaping = shaping
        self._known = known
        self._summary = summary
        self._told: set[tuple[str, str]] = set()

    def __call__(self, task: WriteTask) -> str | None:
        """Make a record ready; return under what it is counted if it ends here.

        One that cannot be written goes on as `refused`, to be rejected when it is its turn; who opted out in it has.
        """
        try:
            return self._prepared(task)
        except Rejection as rejection:
            task.refused = rejection
            task.opt_outs = _opt_outs(self._as_far_as_it_fits(task))
            self._note_keys(task)
            return None

    def _prepared(self, task: WriteTask) -> str | None:
        arrival = task.arrival
        if counted := self._known.as_it_came(task):
            return counted
        if arrival.fault:
            raise arrival.fault
        if arrival.source_key is None and arrival.input.key:
            raise Rejection("no_key", f"The record lacks a usable value for {' or '.join(arrival.input.key)}.")
        record = _decode(arrival.raw) if arrival.record is None else arrival.record
        self._check_size(task, record)
        if arrival.deleted and not (task.stream.can_delete and self._settings.allow_delete):
            return self._ignored(task)
        if arrival.input.validate:
            arrival.input.validate(record)
        task.shaped = self.shaped(task, record)
        arrival.record = None
        task.fingerprint = self._fingerprint(task)
        if counted := self._known.as_shaped(task):
            return counted
        task.opt_outs = task.shaped.opt_outs
        self._note_keys(task)
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
                channel: asked
                for channel, asked in shaped.consent.items()
                if asked.address or asked.status == consent.OUT
            }
        else:
            shaped.opt_outs = _opt_outs(shaped)
        for name in shaped.unknown:
            if self._is_first(task.stream.name, name):
                logger.warning("'%s' has a field '%s' that nothing reads; it is not written.", task.stream.name, name)
        return shaped

    def _as_far_as_it_fits(self, task: WriteTask) -> Shaped:
        """Shape what fits of a record that does not."""
        record, task.arrival.record = task.arrival.record, None
        if not record:
            return Shaped()
        shaped = task.shape.fitting(record)
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

    def _ignored(self, task: WriteTask) -> str:
        stream = task.stream
        if self._is_first(stream.name, "_sdc_deleted_at"):
            why = "'allow_delete' is not set" if stream.can_delete else "the vendor lets nobody delete them"
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
        shaped = task.shaped
        asked = [(channel, each.address, each.status) for channel, each in sorted(shaped.consent.items())]
        own_id = shaped.own_id if self._settings.ids_are_this_accounts else None
        whole = [shaped.values, shaped.refers, asked, own_id, task.arrival.deleted]
        return hashlib.blake2b(_canonical(whole), digest_size=16, key=self._shaping).digest()

    @staticmethod
    def _note_keys(task: WriteTask) -> None:
        """Note whom or what a record is about, so that it comes behind whatever concerns the same."""
        stream, shaped = task.stream, task.shaped
        matched = [(stream.name, name, each) for name, found in shaped.match_keys.items() for each in found]
        task.holds = [task.key, *matched]
        for name, to in task.shape.refers.items():
            place = task.holds if name == stream.subject else task.follows
            place.extend((to, each) for each in listed(shaped.refers.get(name)))
        if stream.batch_by and not task.refused:
            task.group = (stream.name, task.arrival.deleted, shaped.refers.get(stream.batch_by))
        if task.row.vendor_id:
            task.holds.append((stream.name, "vendor id", task.row.vendor_id))


def _shaped(task: WriteTask, record: Record, keep: Collection[str] | None) -> Shaped:
    shaped = task.shape(record, keep)
    task.stream.shape(shaped)
    return shaped


def _opt_outs(shaped: Shaped) -> list[tuple[str, str]]:
    """Channels and addresses that a record says are not to be used."""
    return [
        (channel, each.address)
        for channel, each in shaped.consent.items()
        if each.status == consent.OUT and each.address
    ]
