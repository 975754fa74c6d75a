"""Whom the index of the account's people knows: filled where that costs fewer calls than looking up, and kept fresh.

Absent proves nothing by itself: the index tells only while it comes from a complete reading, and has all changes up to
a time that lies less than twice the vendor's index lag back. What it keeps of consent is a hint.
"""

from __future__ import annotations

import hashlib
import logging
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client import errors
from osdi_crm_client.reading.parallel import Rows
from osdi_crm_client.wire import Window

from target_osdi_crm import consent, verify
from target_osdi_crm.journal.people_index import IndexedPerson, Scratch, StoredIndex
from target_osdi_crm.people_listing import ListedPeople
from target_osdi_crm.stop import CONFIGURATION, Stop
from target_osdi_crm.vendor import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from target_osdi_crm.decide.search_index import SearchIndex
    from target_osdi_crm.journal.store import Journal
    from target_osdi_crm.task import WriteTask
    from target_osdi_crm.vendor import Record, Stream

logger = logging.getLogger("target-osdi-crm")

FEWEST_LOOK_UPS = 50
"""Look-ups that are made one by one without asking what else they would cost."""

SHORTEST_LAG = 2.0
"""Seconds of lag from which on an index can be fresh: vendors tell times in whole seconds."""

OLD = 7 * 86_400.0
"""Seconds after which somebody in the index who has gone since must not be taken for unchanged any more."""

MOST_LATE = 3
"""Refreshes in a row that may take longer than what they learn stays fresh."""


class PeopleIndex:
    """The index of the people of the account that a run writes to; safe to use from any thread.

    Attributes:
        told: Which way people are matched, and why, in words for the summary.
    """

    def __init__(
        self,
        stream: Stream,
        match_keys: Sequence[str],
        journal: Journal,
        *,
        search: SearchIndex,
        arrived: Callable[[], int],
        stopped: Callable[[], bool],
    ) -> None:
        """Make ready; makes no call.

        Args:
            stream: The stream of people.
            match_keys: The match keys that people are matched by.
            journal: The journal.
            search: Knows when a search shows what earlier runs wrote.
            arrived: Tells how many people have come in whom the journal does not know.
            stopped: Tells whether the run is to end.
        """
        self._stream = stream
        self._kinds = match_keys
        self._search = search
        self._arrived = arrived
        self._stopped = stopped
        self._account = account = stream.account
        self._freshness = timedelta(seconds=2 * account.index_lag)
        self._lock = account.concurrency.lock()
        self._is_read = False
        self._price: int | None = None
        self._late = 0
        self._asked_for = self._addresses = 0
        self.told: str | None = None
        self._is_on = bool(
            stream.listing and match_keys and stream.settings.people_index and account.index_lag >= SHORTEST_LAG
        )
        if not self._is_on or not stream.listing:
            return
        content = repr((1, sorted(match_keys), stream.settings.default_country))
        database = Scratch(journal.account) if stream.settings.dry_run else journal
        self._stored = StoredIndex(database, hashlib.blake2b(content.encode(), digest_size=16).digest())
        self._hides, self._record = stream.listing.hides, stream.listing.record
        self._reading = stream.listing.reading(ListedPeople(account, stream.listing, stream.id_of), self._stored)
        self._properties = _writable(stream)

    # What it tells

    def ids(self, stream: Stream, kind: str, address: str) -> list[str] | None:
        """Return the ids of those whom an address leads to; None where only a search can tell."""
        return self._ids(kind, address) if stream.name == self._stream.name and self._is_ready() else None

    def _ids(self, kind: str, address: str) -> list[str] | None:
        found = self._stored.ids(kind, address)
        return found if len(found) < 2 else None

    def unchanged(self, task: WriteTask, order: Order) -> IndexedPerson | None:
        """Return the one person that every match key of a record leads to, if they are as the record wants them.

        None for a record that asks for anything about consent which is not shown already, or that opts somebody out.
        """
        given = {kind: task.shaped.match_keys[kind] for kind in self._kinds if task.shaped.match_keys.get(kind)}
        if task.stream.name != self._stream.name:
            return None
        self._asked_for += 1
        self._addresses += sum(map(len, given.values()))
        if not given or order.refers or not self._is_ready():
            return None
        ids = [self._ids(kind, value) or [""] for kind, values in given.items() for value in values]
        is_one = all(each == ids[0] for each in ids)
        if not is_one or self._stored.age > OLD or not (person := self._stored.person(ids[0][0])):
            return None
        return person if _consents(task, person) and self._shows(order, person) else None

    def _shows(self, order: Order, person: IndexedPerson) -> bool:
        fields = {field for channel in self._stream.channels.values() for field in channel.fields}
        if any(not order.values[field] for field in fields & order.values.keys()):
            return False
        values = {name: _digested(value) for name, value in order.values.items() if name not in fields}
        return not self._stream.differences(replace(order, values=values, statuses={}), dict(person.properties))

    # How it is filled and kept fresh

    def _is_ready(self) -> bool:
        """Make sure that the index is complete and fresh, if that is worth its calls.

        Raises:
            Stop: If the run is to end.
        """
        if not self._is_on:
            return False
        if self._is_read and self._is_fresh():
            return True
        with self._lock, self._account.concurrency.lent():
            return self._is_on and self._is_made_ready()

    def _is_made_ready(self) -> bool:
        self._go_on()
        try:
            if not self._is_read and not self._read():
                return False
            if not self._is_fresh():
                self._refresh()
        except (errors.VendorError, errors.ConfigurationError) as error:
            self._give_up(f"the account's people could not be read ({error})")
            return False
        if self._is_fresh():
            self._late = 0
            return True
        self._late += 1
        if self._late >= MOST_LATE:
            self._give_up("the vendor answers too slowly to keep the index of all people fresh")
        return False

    def _is_fresh(self) -> bool:
        until = self._stored.until
        return until is not None and self._account.now() - until < self._freshness

    def _read(self) -> bool:
        """Read everybody, or what changed since an earlier run, where that takes fewer calls than looking up."""
        if not self._is_worth_it():
            return False
        self._stored.begin()
        for event in self._reading.run():
            if isinstance(event, Rows):
                self._keep(event.rows)
        for part in self._reading.parts_of_sample():
            for page in self._reading.source.pages(replace(part, window=Window(self._stored.until))):
                self._keep(page.rows)
        self._stored.finish()
        self._is_read = True
        return True

    def _is_worth_it(self) -> bool:
        """Whether reading takes fewer calls than looking up those who have come in; tells which way was chosen."""
        look_ups = self._arrived() * self._addresses // max(self._asked_for, 1)
        if look_ups < FEWEST_LOOK_UPS:
            self.told = "looked up one by one: few came"
            return False
        if self._price is None:
            self._search.wait()
            self._forget_if_old(look_ups)
            self._price = self._reading.calls() or sys.maxsize
        what = "reading what changed since the index was last fresh" if self._stored.complete else "reading all people"
        listing = f"{what} takes {self._price:,} calls or so"
        is_worth_it = self._price <= look_ups
        told = f"looked up one by one: {listing}"
        if is_worth_it:
            told = f"found by an index: {listing}, looking those up who had come by then {look_ups:,}"
        if self.told != told:
            logger.info("People are %s.", told)
        self.told = told
        return is_worth_it

    def _forget_if_old(self, look_ups: int) -> None:
        """Have an index filled anew in which people may stand who went long ago, if that is worth its calls."""
        if self._stored.complete and self._stored.age > OLD:
            pages = self._stored.size() // (self._reading.source.page_size - 1)
            if pages <= look_ups:
                self._stored.begin_anew()

    def _refresh(self) -> None:
        """Read what changed since the last time."""
        for part in self._reading.parts_of_sample():
            for rows in self._reading.read(part):
                self._keep(rows)
            self._stored.note(part.window.until)

    def _go_on(self) -> None:
        if self._stopped():
            raise Stop(CONFIGURATION, "The run was told to end.")

    def _keep(self, rows: Iterable[Any]) -> None:
        self._go_on()
        try:
            people = [self._indexed(each) for each in self._shown(rows)]
        except errors.OF_ANOTHER_FORM as error:
            raise errors.garbled(error, method="GET", path=self._reading.source.path) from error
        self._stored.put(people)

    def _shown(self, rows: Iterable[Any]) -> Iterator[Record]:
        """The people in some rows of the list, each read by itself where the list hides an address."""
        for row in rows:
            shown: Record | None = self._record(row)
            vendor_id = self._stream.id_of(row)
            if vendor_id and self._hides(row):
                shown = self._stream.fetch(vendor_id, Order(self._stream, {}, {}))
            if vendor_id and shown:
                yield shown

    def _indexed(self, record: Record) -> IndexedPerson:
        stream = self._stream
        keys, statuses = stream.match_keys_of(record), stream.statuses_of(record)
        return IndexedPerson(
            stream.id_of(record) or "",
            {kind: keys.get(kind) or () for kind in self._kinds},
            statuses,
            consent.remembered(statuses, stream.addresses_of(record), marks=(consent.INDEXED,)),
            {name: _digested(record[name]) for name in self._properties if name in record},
        )

    def _give_up(self, why: str) -> None:
        self._is_on = False
        self.told = f"looked up one by one: {why}"
        logger.warning("People are looked up one by one from here on: %s.", why)


def _consents(task: WriteTask, person: IndexedPerson) -> bool:
    """Whether a record asks for nothing about consent but what a person is shown to have, and opts nobody out."""
    known = consent.recalled(person.channels)
    for name, asked in task.shaped.consent.items():
        if len(asked.addresses) > 1 and task.stream.channels[name].fields:
            return False
        if asked.status not in {None, consent.IN}:
            return False
        if asked.status == consent.IN and person.statuses.get(name) != consent.IN:
            return False
        if asked.addresses and consent.digest(asked.addresses[0]) != known.get(name):
            return False
    return True


def _writable(stream: Stream) -> list[str]:
    """The properties that can be written, as the vendor shows them, without those that hold addresses."""
    vendor = stream.account.vendor.name
    shown = osdi_crm_schemas.vendor_names(vendor, stream.name)
    names = osdi_crm_schemas.write_names
    written = names(vendor, stream.name, "create").keys() | names(vendor, stream.name, "update").keys()
    fields = {field for channel in stream.channels.values() for field in channel.fields}
    return sorted(shown[name] for name in written - fields if name in shown)


def _digested(value: Any) -> Any:
    """A value with a hash in the place of each text, number and time in it, such that equal ones have equal hashes."""
    if isinstance(value, dict):
        return {name: _digested(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_digested(each) for each in value]
    known = verify.normal(value)
    return None if known is None else f"x{consent.digest(str(known))}"
