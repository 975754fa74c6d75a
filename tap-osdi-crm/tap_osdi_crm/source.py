"""The resources of a vendor as what readings stand on: pages of raw rows, their keys and parents, without the SDK."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client import paging, times
from osdi_crm_client.errors import OF_ANOTHER_FORM, Garbled, NotFound, garbled
from osdi_crm_client.reading.parallel import Rows
from osdi_crm_client.reading.reading import settled
from osdi_crm_client.reading.source import Parent, Part, Stateless
from osdi_crm_client.reading.store import Store

from tap_osdi_crm.paginators import Paginator

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from datetime import datetime

    from osdi_crm_client.account import Account
    from osdi_crm_client.wire import Collection, Page, RawRow, Token

    from tap_osdi_crm.resources import Resource
    from tap_osdi_crm.settings import TapSettings

logger = logging.getLogger(__name__)


class Source:
    """One resource of an account. A vendor's module has its own, which says what holds for all of its resources.

    What holds for one resource alone stands in its row, and comes first.

    Attributes:
        resource: The row.
        account: The account.
        sources: The other resources.
        settings: The tap's settings.
        own: Its settings for this vendor.
        inner: The rows of the streams within this one that are read with it.
        wanted: The properties to ask for, by the schema's names; None asks for all that the vendor gives.
        has_answered: Whether the vendor has given anything from here.
        has_missed: Whether something was asked for that was not there, or may be missing.
    """

    page_size = 100
    """Records a page."""

    overlap = 120.0
    """Seconds before its bookmark from which an incremental run reads, unless a setting says otherwise."""

    pagings: frozenset[str] = frozenset()
    """Ways of paging that the setting `stream_overrides` may name."""

    envelope: frozenset[str] = frozenset()
    """The vendor's names of what carries no data of its own in a record."""

    def __init__(self, resource: Resource, account: Account, sources: Sources) -> None:
        """Stand for one resource; makes no call.

        Raises:
            ConfigurationError: If a setting does not fit it.
        """
        self.resource = resource
        self.account = account
        self.sources = sources
        self.settings = sources.settings
        self.own = sources.own
        self.name = resource.name
        self.path = resource.path
        self.inner: tuple[Resource, ...] = ()
        self.wanted: frozenset[str] | None = None
        self.has_answered = self.has_missed = False
        self.properties: Mapping[str, Any] = osdi_crm_schemas.schema(account.vendor.name, resource.name)["properties"]
        self.own_key = _vendor_name(self.properties, resource.keys[-1])
        self.change_key = _vendor_name(self.properties, resource.replication_key) if resource.replication_key else None
        self.counter = resource.counter
        self._counters = sources.counters(resource.name)
        self._setting = f"{account.vendor.name}_{resource.chosen_by}"

    # What a vendor's own may say

    def collection(self, part: Part) -> Collection:
        """Return the collection that a part is."""
        raise NotImplementedError

    def fields(self, row: RawRow, part: Part) -> RawRow:  # noqa: ARG002
        """Return a record of a part with what only its place tells, such as its key."""
        return row

    @staticmethod
    def link_id(row: Mapping[str, Any], link: str) -> str | None:  # noqa: ARG004
        """Return the id that a link or relationship of a record points to."""
        return None

    def position(self, row: RawRow, part: Part) -> Any:
        """Return what a record is sorted by in a part, where the vendor sorts."""
        raise NotImplementedError

    def as_parent(self, row: RawRow, path: str) -> Parent:
        """Return what others hang on in a record of a collection at a path: as a rule the record itself."""
        key = self.own_id(row)
        told = {name: _whole(row.get(name)) for name in self._counters}
        return Parent(
            self.name,
            key,
            f"{path}/{key}",
            row.get("name") or row.get("title"),
            times.utc(row.get(self.change_key)) if self._counters and self.change_key else None,
            {name: number for name, number in told.items() if number is not None} or None,
        )

    def without_inner(self, row: RawRow) -> RawRow:
        """Return a record without what was read for the streams within it alone."""
        return row

    # What readings ask for

    @property
    def parents_as_of(self) -> datetime | None:
        """When the first parents of this run were read."""
        return self.sources.parents_as_of

    def pages(self, part: Part) -> Iterator[Page]:
        """Yield the pages of a part that hold any records; nothing where the place of the part is gone.

        Raises:
            VendorError: One of its kinds, if the vendor did not give them all.
        """
        collection = self.asked(part)
        paginator = Paginator(collection)
        try:
            while not paginator.finished:
                response = paging.ask(self.account, collection, paginator.current_value)
                page = self._completed(paginator.read(response), part, collection)
                self.has_answered = True
                if page.rows:
                    yield page
                paginator.advance(response)
        except NotFound:
            if part.parent is None or not part.parent.stream:
                raise
            self.miss()
            logger.debug("Stream '%s': there is nothing at %s.", self.name, part.path)

    def miss(self) -> None:
        """Note that records that are there may be missing from what was read."""
        self.has_missed = True
        self.sources.lacking.add(self.name)

    def page(self, part: Part, token: Token | None = None, collection: Collection | None = None) -> Page:
        """Return one page of a part, or of another collection in its stead; without a token the first one.

        Raises as `pages` does.
        """
        collection = collection or self.asked(part)
        asked = token or collection.paging().first()
        return self._completed(paging.read(collection, paging.ask(self.account, collection, asked)), part, collection)

    def asked(self, part: Part) -> Collection:
        """Return the collection that a part is, as its row says."""
        found = self.resource.collection(self, part) if self.resource.collection else self.collection(part)
        return replace(found, method=self.resource.method)

    def _completed(self, page: Page, part: Part, collection: Collection) -> Page:
        try:
            rows = [self._complete(row, part) for row in page.rows]
        except OF_ANOTHER_FORM as error:
            raise garbled(error, method=collection.method, path=collection.path) from error
        return replace(page, rows=rows)

    def _complete(self, row: RawRow, part: Part) -> RawRow:
        row = self.fields(row, part)
        if self.resource.fields:
            row = self.resource.fields(self, row, part)
        if (key := self.resource.parent_key) and part.parent and row.get(key) is None:
            row[key] = part.parent.id
        return row

    def key(self, row: RawRow) -> Hashable:
        """Return the key of a record, which tells it from the others of a collection."""
        return str(row.get(self.own_key))

    def own_id(self, row: RawRow) -> str:
        """Return the last of the keys of a record.

        Raises:
            Garbled: If it has none.
        """
        if row.get(self.own_key) is None:
            raise without_key(self.resource, self.resource.keys[-1])
        return str(row[self.own_key])

    def changed_at(self, row: RawRow) -> datetime | None:
        """Return when a record changed, where it tells."""
        return times.instant(times.utc(row.get(self.change_key))) if self.change_key else None

    def other_paths(self) -> Iterator[str]:
        """Yield the paths of further collections that hold records of this resource, which `path` may lack."""
        for name in self.resource.also_below:
            for parent in self.sources.parents(name):
                yield f"{parent.path}/{self.path}"

    def parents(self) -> Iterable[Parent]:
        """Return the records this resource hangs on, unsorted."""
        if self.resource.find_parents:
            return self.resource.find_parents(self)
        every = chain.from_iterable(map(self.sources.parents, self.resource.parents))
        if self.resource.chosen_by is None:
            return every
        if not (wanted := self.chosen()):
            return ()
        chosen = [parent for parent in every if "*" in wanted or parent.name in wanted]
        for name in sorted(set(wanted) - {"*"} - {str(parent.name) for parent in chosen}):
            self.miss()
            logger.warning("The setting '%s' names '%s', which the account does not have.", self._setting, name)
        return chosen

    def chosen(self) -> tuple[str, ...]:
        """Return the names in the setting that says what is read; where there are none, that is warned of."""
        wanted: tuple[str, ...] = getattr(self.own, self.resource.chosen_by or "", ())
        if not wanted:
            logger.warning(
                "Stream '%s' reads nothing: the setting '%s' names nothing to read.", self.name, self._setting
            )
        return wanted

    def parent_now(self, parent: Parent) -> Parent:
        """Return one of the records this resource hangs on as it is now.

        Raises:
            NotFound: If it has gone.
            VendorError: Another of its kinds, if the vendor did not give it.
        """
        source = self.sources.make(parent.stream)
        [row] = source.page(Part(parent.path)).rows
        return source.as_parent(row, parent.path.rpartition("/")[0])

    def ids(self) -> Iterable[str]:
        """Return the ids of all records, each once, where they are read one by one."""
        return self.resource.ids(self) if self.resource.ids else ()

    # What others ask for

    def items(self, row: RawRow) -> list[RawRow]:
        """Return the records of this resource that a record of the resource it is within holds.

        Raises:
            Garbled: If they do not stand there in the form that the vendor documents.
        """
        try:
            return list(self.resource.items(self, row)) if self.resource.items else []
        except OF_ANOTHER_FORM as error:
            raise garbled(error, method=self.resource.method, path=self.path) from error

    def as_parents(self) -> Iterator[Parent]:
        """Yield every record of this resource as a parent, also one that changes meanwhile; for a test, of a page."""
        if self.resource.as_parents:
            yield from self.resource.as_parents(self)
            return
        found: dict[str, Parent] = {}
        for part, rows in self._rows_of_parents():
            for row in rows:
                parent = self.as_parent(row, part.path)
                if part.path == self.path or parent.id not in found:
                    found[parent.id] = parent
        yield from found.values()

    def _rows_of_parents(self) -> Iterator[tuple[Part, list[RawRow]]]:
        """Yield all rows of this resource with the part they stand in, where need be out of the rows that hold them."""
        if self.resource.within:
            for _, rows in self.sources.make(self.resource.within)._rows_of_parents():  # noqa: SLF001
                yield Part(self.path), [item for row in rows for item in self.items(row)]
            return
        reading = self.resource.reading(self, Stateless())
        events = reading.sample() if self.sources.is_test() else reading.run()
        for event in events:
            if isinstance(event, Rows):
                yield event.part, event.rows
                if self.sources.is_test():
                    return


def _vendor_name(properties: Mapping[str, Any], name: str) -> str:
    return str(properties[name].get("x-vendor-name", name))


def _whole(value: Any) -> int | None:
    """Return a number of records, where it is one."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    return int(value) if is_one else None


def without_key(resource: Resource, key: str) -> Garbled:
    """Return the error of a record that lacks a key."""
    return Garbled(f"a record of '{resource.name}' came without '{key}', its key", method="", path=resource.path)


class Sources:
    """All that an account offers to read, in one run.

    Attributes:
        kind: The vendor's own source.
        resources: By name, the rows of what it offers.
        settings: The tap's settings.
        own: Its settings for this vendor.
        is_test: Tells whether only a record or so is wanted of each, to try the connection.
        parents_as_of: When the first parents of this run were read: those that came later may be missing among them.
        lacking: The resources of which records may be missing from what was read.
    """

    def __init__(
        self,
        kind: type[Source],
        resources: Iterable[Resource],
        *,
        account: Account,
        settings: TapSettings,
        own: Any,
        is_test: Callable[[], bool],
    ) -> None:
        """Prepare to read; makes no call.

        Args:
            kind: The vendor's own source.
            resources: The rows of what it offers.
            account: The account.
            settings: The tap's settings.
            own: Its settings for this vendor.
            is_test: Tells whether only a record or so is wanted of each, to try the connection.
        """
        self.resources = {resource.name: resource for resource in resources}
        self.settings = settings
        self.own = own
        self.is_test = is_test
        self.parents_as_of: datetime | None = None
        self.lacking: set[str] = set()
        self.kind = kind
        self._account = account
        self._parents: dict[str, list[Parent]] = {}

    @cached_property
    def store(self) -> Store:
        """What is remembered of single records from run to run."""
        return Store(self.settings.reading_store, lambda: self._account.settings.folder)

    def counters(self, name: str) -> tuple[str, ...]:
        """Return the names of what a resource's records tell of the number of their children."""
        return tuple(each.counter.name for each in self.resources.values() if each.counter and name in each.parents)

    def make(self, name: str) -> Source:
        """Return what one resource is read through.

        Raises:
            ConfigurationError: If a setting does not fit it.
        """
        return self.kind(self.resources[name], self._account, self)

    def lacks_some_of(self, name: str) -> bool:
        """Whether records may be missing, of a resource or of one that was read since others hang on it."""
        return not self.lacking.isdisjoint({name, *self._parents})

    def parents(self, name: str) -> list[Parent]:
        """Return all records, for a test some, of a resource that others hang on; read once, even if not selected."""
        if name not in self._parents:
            self.parents_as_of = self.parents_as_of or settled(self._account)
            self._parents[name] = list(self.make(name).as_parents())
        return self._parents[name]
