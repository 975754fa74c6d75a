"""Searching what the vendor does not search: a collection read once in a run, and kept up with what is written."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from typing_extensions import override

from target_osdi_crm.vendor import Found, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from osdi_crm_client.pacing import CallLock

    from target_osdi_crm.vendor import Record


class ListedStream(Stream):
    """A stream whose match keys are searched by listing. What others write during the run is not seen."""

    _lock: CallLock
    _records: dict[str, Record] | None
    _ids: defaultdict[tuple[str, str], set[str]]

    @override
    def begin(self) -> None:
        super().begin()
        self._lock = self.session.account.concurrency.lock()
        self._records = None

    def read_all(self) -> Iterable[Record]:
        """The whole collection, such as the client's `paging.rows` reads it.

        Raises:
            VendorError: One of its kinds, if the vendor did not give all of it.
        """
        raise NotImplementedError

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        with self._lock:
            if self._records is None:
                whole = list(self.read_all())
                self._records, self._ids = {}, defaultdict(set)
                for record in whole:
                    self._keep(self._records, record)
            return [Found(each, self._records[each]) for each in sorted(self._ids[key, value])]

    def search_anew(self, key: str, value: str) -> Sequence[Found]:
        """Read the collection once more, and search it: for what may have been written without an answer."""
        with self._lock:
            self._records = None
        return self.search(key, value)

    def listed(self, record: Record) -> Record:
        """Let searches find a record as it was written, and return it."""
        with self._lock:
            if self._records is not None:
                self._keep(self._records, record)
        return record

    def _keep(self, records: dict[str, Record], record: Record) -> None:
        vendor_id = self.id_of(record)
        if vendor_id is None:
            return
        for key in self._keys_of(records.get(vendor_id, {})):
            self._ids[key].discard(vendor_id)
        records[vendor_id] = record
        for key in self._keys_of(record):
            self._ids[key].add(vendor_id)

    def _keys_of(self, record: Record) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self.match_keys_of(record).items() for value in values]
