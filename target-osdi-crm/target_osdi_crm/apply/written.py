"""What came of a decision that was carried out, or that calls nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_osdi_crm.consent import MERGED, remembered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_osdi_crm.decide.decision import Decision
    from target_osdi_crm.task import WriteTask
    from target_osdi_crm.vendor import Record

    Decided = Sequence[tuple[WriteTask, Decision]]


@dataclass(frozen=True, slots=True)
class Written:
    """The vendor has a record as it should be, or it is left alone.

    Attributes:
        action: What was done, as in `Decision`.
        vendor_id: The vendor's id of the record.
        channels: Channels on which the vendor has an address, comma-separated.
        shown: The record as the vendor shows it, where that is known.
        opt_ins: Channels and addresses that may be used again.
        unchangeable: Names of what differs, and can only be set when a record is created.
        kept: Names of what the vendor keeps its own value of.
        notes: What there is to say about how it was carried out.
    """

    action: str
    vendor_id: str | None = None
    channels: str | None = None
    shown: Record | None = None
    opt_ins: Sequence[tuple[str, str]] = ()
    unchangeable: Sequence[str] = ()
    kept: Sequence[str] = ()
    notes: Sequence[str] = ()


def channels_of(task: WriteTask, shown: Record) -> str | None:
    """The channels on which the vendor has an address, which are kept so that it need not be asked next time."""
    statuses = task.stream.statuses_of(shown)
    return remembered(
        statuses, task.stream.addresses_of(shown) if statuses else {}, marks=(MERGED,) if task.merged else ()
    )


def without_call(task: WriteTask, decision: Decision) -> Written:
    """What comes of a decision that calls nobody."""
    row, found = task.row, decision.found
    if not found:
        return Written(decision.action, None if decision.order is None else row.vendor_id, row.channels)
    channels = found.channels or row.channels
    if found.record is not None:
        channels = channels_of(task, found.record)
    return Written(decision.action, found.id, channels, found.record)
