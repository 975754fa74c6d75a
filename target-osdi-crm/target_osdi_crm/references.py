"""What records refer to: from keys at the source to the ids that the vendor has given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_osdi_crm.journal.states import PENDING, WAITS
from target_osdi_crm.rejects import REFERENCE, Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_osdi_crm.entry import Entry
    from target_osdi_crm.journal.states import Row
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.vendor import Shaped, Vendor


class Waiting(Exception):
    """This record refers to one that is not written yet."""


class References:
    """Finds the vendor's ids in the journal."""

    def __init__(self, config: Mapping[str, Any], vendor: Vendor, kept: Journal) -> None:
        """Look into this journal."""
        self._vendor = vendor
        self._journal = kept
        self._own_ids = bool(config.get("ids_are_this_accounts"))
        self._planning = bool(config.get("dry_run"))

    def resolve(self, entry: Entry) -> dict[str, Any]:
        """Find the vendor's ids of what the record refers to.

        Raises:
            Waiting: If one is not known yet.
            Rejection: If one is not known at the end of the run.
        """
        streams, stream = entry.arrival.inflow.shape.refers, entry.stream
        rows = self._rows_of(entry, entry.shaped)
        resolved: dict[str, Any] = {}
        for name, given in entry.shaped.refers.items():
            to = streams[name]
            known = self._known_ids(to, given, rows)
            if missing := set(listed(given)) - known.keys():
                needed = name not in stream.optional_refers
                if not needed and self._goes_ahead(entry, missing, to, rows):
                    continue
                if entry.patience > (0 if needed else 2) and to in self._vendor.streams:
                    raise Waiting(f"{name} refers to {to} not yet written")
                if needed:
                    raise Rejection(
                        "reference_not_written",
                        f"{name} refers to {len(missing)} of '{to}' that no run has written.",
                        retry=REFERENCE,
                    )
                entry.shaped.withheld.append(f"{name} of nobody known")
                continue
            resolved[name] = _as_given(given, known)
        return resolved

    def resolve_as_before(self, entry: Entry, shaped: Shaped) -> dict[str, Any] | None:
        """The same of a record that was sent before, as far as it may have been known then.

        Returns:
            The vendor's ids; None where one is not known any more without which the record cannot have been sent.
        """
        rows, streams = self._rows_of(entry, shaped), entry.arrival.inflow.shape.refers
        resolved: dict[str, Any] = {}
        for name, given in shaped.refers.items():
            known = self._known_ids(streams[name], given, rows)
            if known.keys() >= set(listed(given)):
                resolved[name] = _as_given(given, known)
            elif name not in entry.stream.optional_refers:
                return None
        return resolved

    def _rows_of(self, entry: Entry, shaped: Shaped) -> Mapping[tuple[str, str], Row]:
        """What the journal knows of the records that one refers to."""
        streams = entry.arrival.inflow.shape.refers
        return self._journal.rows([(streams[name], key) for name, to in shaped.refers.items() for key in listed(to)])

    def _known_ids(self, to: str, given: Any, rows: Mapping[tuple[str, str], Row]) -> dict[str, str]:
        """The vendor's ids of those of these records of a stream that have one."""
        known = {key: row.vendor_id for key in listed(given) if (row := rows.get((to, key))) and row.vendor_id}
        return {key: known.get(key, key) for key in listed(given)} if self._own_ids else known

    def _goes_ahead(self, entry: Entry, missing: set[str], to: str, rows: Mapping[tuple[str, str], Row]) -> bool:
        """Whether a record is written now and once more later, when what it refers to and can do without is written.

        So it is with one that refers to itself, and with those that wait for one another.

        Raises:
            Waiting: If that is not needed yet.
        """
        row, itself = entry.row, {key for key in missing if (to, key) == entry.key}
        waits = {key for key in missing if (to, key) in rows and rows[to, key].state in PENDING}
        if self._planning or not entry.stream.can_update or not entry.patience or not itself | waits:
            return False
        if missing != itself and (entry.patience > 1 or (row.state in WAITS and row.vendor_id)):
            raise Waiting(f"what it refers to in {to} waits too")
        entry.to_complete = True
        return True


def listed(given: Any) -> list[str]:
    """The keys that a property holds: none, one, or many."""
    if given is None:
        return []
    return [str(each) for each in given] if isinstance(given, list) else [str(given)]


def _as_given(given: Any, ids: Mapping[str, str]) -> list[str] | str:
    return [ids[each] for each in listed(given)] if isinstance(given, list) else ids[str(given)]
