"""Finding the vendor's record that one of ours is about: by the journal, its id, this run's writes, or a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client import errors

from target_osdi_crm.recent import Recent
from target_osdi_crm.rejects import AMBIGUOUS, Rejection
from target_osdi_crm.vendor import Found

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_osdi_crm.entry import Entry
    from target_osdi_crm.index import Index
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.vendor import Order, Record, Vendor

LONGEST_CALL = 60.0
"""Seconds within which what was found by a search is written."""

PLANNED = "planned: "
"""Begins the ids of what a dry run would create."""


class Matching:
    """Finds records, and remembers what this run has written until the vendor's search shows it."""

    def __init__(self, config: Mapping[str, Any], vendor: Vendor, kept: Journal, index: Index, lag: float) -> None:
        """Match by the keys that the settings name.

        Raises:
            ConfigurationError: If they name what is none.
        """
        self._journal = kept
        self._index = index
        self._own_ids = bool(config.get("ids_are_this_accounts"))
        self._keys = _chosen_keys(vendor, config)
        self._recent = Recent[str](lag)
        self._gone: set[tuple[str, str]] = set()
        self._recent_keys: Recent[Mapping[str, Sequence[str]]] = Recent(max(lag, LONGEST_CALL))

    def find(self, entry: Entry, order: Order) -> Found | None:
        """Find the record at the vendor: by the journal, by its id, by what this run has written, by a search.

        Raises:
            Rejection: If there is more than one.
        """
        stream = entry.stream
        if entry.row.vendor_id:
            return Found(entry.row.vendor_id)
        if self._own_ids and entry.shaped.own_id:
            return Found(entry.shaped.own_id)
        found: dict[str, Found] = {}
        for name in self._keys[stream.name]:
            for value in entry.shaped.match_keys.get(name, ()):
                if known := self._recent.get((stream.name, name, value)):
                    found.setdefault(known, Found(known))
                    continue
                self._index.wait()
                found |= {each.id: each for each in stream.search(name, value)}
        left = {each for each in found if (stream.name, each) in self._gone or self.moved(entry, each)}
        found = {each: there for each, there in found.items() if each not in left}
        if not found and not any(str(each).startswith(PLANNED) for each in order.refers.values()):
            alike = stream.search_alike(order)
            found = {
                each.id: each for each in alike if not self._journal.claimed(stream.name, each.id, of_this_source=True)
            }
        if len(found) > 1:
            raise Rejection(AMBIGUOUS, f"The vendor has {len(found)}: {', '.join(sorted(found))}.")
        for one in found.values():
            return self._agreeing(entry, order, one)
        return None

    def note_gone(self, entry: Entry, found: Found) -> None:
        """Note that there is nothing under an id any more, though a search may still show it."""
        self._gone.add((entry.stream.name, found.id))

    def moved(self, entry: Entry, vendor_id: str) -> bool:
        """Whether this run has just given a record other keys than those by which an entry found it."""
        if vendor_id in {entry.row.vendor_id, entry.shaped.own_id}:
            return False
        theirs = self._recent_keys.get((entry.stream.name, vendor_id)) or {}
        told = [
            name for name in self._keys[entry.stream.name] if entry.shaped.match_keys.get(name) and theirs.get(name)
        ]
        return bool(told) and not any(set(entry.shaped.match_keys[name]) & set(theirs[name]) for name in told)

    def _agreeing(self, entry: Entry, order: Order, found: Found) -> Found | None:
        """See that a record found by one key is not at odds with the entry by a key that weighs more."""
        given = [name for name in self._keys[entry.stream.name] if entry.shaped.match_keys.get(name)]
        if len(given) < 2:
            return found
        record = self.read(found.id, order) if found.record is None else found.record
        if record is None:
            return None
        theirs = entry.stream.match_keys_of(record)
        for name in given:
            if set(entry.shaped.match_keys[name]) & set(theirs.get(name) or ()):
                break
            if theirs.get(name):
                raise Rejection(
                    "match at odds", f"The vendor's {found.id} matches by {given[-1]} but has another {name}."
                )
        return Found(found.id, record)

    def read(self, vendor_id: str, order: Order) -> Record | None:
        """What the vendor shows of a record; nothing of one that a dry run would create."""
        return {} if vendor_id.startswith(PLANNED) else order.stream.fetch(vendor_id, order)

    def shown(self, order: Order, found: Found) -> Found:
        """The same record, as the vendor shows it.

        Raises:
            NotFound: If it is gone.
        """
        record = self.read(found.id, order)
        if record is None:
            raise errors.NotFound(
                "there is nothing at this address", method="GET", path=f"{order.stream.name}/{found.id}"
            )
        return Found(found.id, record)

    def remember(self, entry: Entry, vendor_id: str | None, reply: Record | None = None) -> None:
        """Keep what this run has written, by match key, until the vendor's search shows it."""
        if vendor_id:
            stream = entry.stream.name
            if reply:
                self._recent_keys.put((stream, vendor_id), entry.stream.match_keys_of(reply))
            for name in self._keys[stream]:
                for value in entry.shaped.match_keys.get(name, ()):
                    self._recent.put((stream, name, value), vendor_id)


def _chosen_keys(vendor: Vendor, config: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    chosen = {name: stream.default_match_keys for name, stream in vendor.streams.items()}
    for name, keys in (config.get("match_keys") or {}).items():
        stream = vendor.streams.get(name)
        if not stream or not set(keys) <= set(stream.match_keys):
            known = f"knows {', '.join(stream.match_keys) or 'none'}" if stream else "is no stream that can be written"
            raise errors.ConfigurationError(
                f"The setting 'match_keys' names {', '.join(keys) or 'nothing'} for '{name}', which {known}."
            )
        chosen[name] = tuple(keys)
    return chosen
