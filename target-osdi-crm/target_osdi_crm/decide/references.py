"""What records refer to: from keys at the source to the ids that the vendor has given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_osdi_crm.intake.values import vendors_id
from target_osdi_crm.journal.states import PENDING, WAITS
from target_osdi_crm.rejects import REFERENCE, Rejection
from target_osdi_crm.task import Patience, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from target_osdi_crm.journal.states import Row
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.settings import TargetSettings
    from target_osdi_crm.task import WriteTask
    from target_osdi_crm.vendor import Shaped


class Waiting(Exception):
    """This record refers to one that is not written yet."""


@dataclass(slots=True)
class Resolved:
    """What a record refers to, at the vendor.

    Attributes:
        ids: The vendor's ids, by property.
        unknown: Properties that are left out, since nothing is ever known under them.
        incomplete: Whether one is left out now, and comes with the record when it is written once more.
    """

    ids: dict[str, Any] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    incomplete: bool = False


class References:
    """Finds the vendor's ids in the journal."""

    def __init__(self, settings: TargetSettings, streams: Collection[str], journal: Journal) -> None:
        """Look into this journal, for records of the streams that can be written."""
        self._streams = streams
        self._journal = journal
        self._own_ids = settings.ids_are_this_accounts
        self._dry_run = settings.dry_run

    def resolve(self, task: WriteTask) -> Resolved:
        """Find the vendor's ids of what the record refers to.

        Raises:
            Waiting: If one is not known yet.
            Rejection: If one is not known at the end of the run.
        """
        rows = self._rows_of(task, task.shaped)
        resolved = Resolved()
        for name, given in task.shaped.refers.items():
            to = task.shape.refers[name]
            known = self._known_ids(to, given, rows)
            missing = set(listed(given)) - known.keys()
            if not missing:
                resolved.ids[name] = _as_given(given, known)
                continue
            needed = name not in task.stream.optional_refers
            if not needed and self._goes_ahead(task, missing, to, rows):
                resolved.incomplete = True
                continue
            enough = Patience.NOTHING if needed else Patience.NEEDED_OR_PENDING
            if task.patience > enough and to in self._streams:
                raise Waiting(f"{name} refers to {to} not yet written")
            if needed:
                raise Rejection(
                    "reference_not_written",
                    f"{name} refers to {len(missing)} of '{to}' that no run has written.",
                    retry=REFERENCE,
                )
            resolved.unknown.append(name)
        return resolved

    def resolve_as_before(self, task: WriteTask, shaped: Shaped) -> dict[str, Any] | None:
        """The ids for a record that was sent before, as far as they may have been known then.

        Returns:
            The vendor's ids; None where one is not known any more without which the record cannot have been sent.
        """
        rows = self._rows_of(task, shaped)
        ids: dict[str, Any] = {}
        for name, given in shaped.refers.items():
            known = self._known_ids(task.shape.refers[name], given, rows)
            if known.keys() >= set(listed(given)):
                ids[name] = _as_given(given, known)
            elif name not in task.stream.optional_refers:
                return None
        return ids

    def _rows_of(self, task: WriteTask, shaped: Shaped) -> Mapping[tuple[str, str], Row]:
        """What the journal knows of the records that one refers to."""
        streams = task.shape.refers
        return self._journal.rows([(streams[name], key) for name, to in shaped.refers.items() for key in listed(to)])

    def _known_ids(self, to: str, given: Any, rows: Mapping[tuple[str, str], Row]) -> dict[str, str]:
        """The vendor's ids of those of these records of a stream that have one."""
        known = {key: row.vendor_id for key in listed(given) if (row := rows.get((to, key))) and row.vendor_id}
        if not self._own_ids:
            return known
        return {key: known.get(key) or vendors_id(to, key) for key in listed(given)}

    def _goes_ahead(self, task: WriteTask, missing: set[str], to: str, rows: Mapping[tuple[str, str], Row]) -> bool:
        """Whether a record is written now and once more later, when what it refers to and can do without is written.

        So it is with one that refers to itself, and with those that wait for one another.

        Raises:
            Waiting: If that is not needed yet.
        """
        itself = {key for key in missing if (to, key) == task.key}
        waits = {key for key in missing if (to, key) in rows and rows[to, key].state in PENDING}
        if self._dry_run or not task.stream.can_update or not task.patience or not itself | waits:
            return False
        if missing != itself and (task.patience > Patience.NEEDED or (task.row.state in WAITS and task.row.vendor_id)):
            raise Waiting(f"what it refers to in {to} waits too")
        return True


def _as_given(given: Any, ids: Mapping[str, str]) -> list[str] | str:
    return [ids[each] for each in listed(given)] if isinstance(given, list) else ids[str(given)]
