"""How a vendor lists all its people: what the client needs to read them completely, and what changed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from osdi_crm_client import paging, times
from osdi_crm_client.errors import Garbled

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from datetime import datetime

    from osdi_crm_client.account import Account
    from osdi_crm_client.reading.reading import Reading
    from osdi_crm_client.reading.source import Counter, Parent, Part
    from osdi_crm_client.wire import Collection, Page, RawRow, Token


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A vendor's list of people, as data.

    Attributes:
        reading: How it is read.
        collection: Returns the collection that a part of it is.
        path: Where it lives.
        page_size: Records a page.
        change_key: The property that tells when a person changed.
        record: Returns a person of the list as the stream knows one.
        position: Returns what a person is sorted by in a part, where the vendor sorts.
        hides: Whether a person has an address that the list does not show.
    """

    reading: type[Reading]
    collection: Callable[[Part], Collection]
    path: str
    page_size: int
    change_key: str
    record: Callable[[RawRow], dict[str, Any]] = dict
    position: Callable[[RawRow, Part], Any] | None = None
    hides: Callable[[RawRow], bool] = lambda _: False


class ListedPeople:
    """The people of an account as a reading's source: a collection without parents."""

    parents_as_of: datetime | None = None
    counter: Counter | None = None

    def __init__(self, account: Account, listing: Listing, id_of: Callable[[Any], str | None]) -> None:
        """Stand for an account's people; makes no call."""
        self.name = self.path = listing.path
        self.account = account
        self.page_size = listing.page_size
        self.change_key: str | None = listing.change_key
        self._listing = listing
        self._id_of = id_of

    def pages(self, part: Part) -> Iterator[Page]:
        """See the client's `Source`."""
        for page in paging.pages(self.account, self._listing.collection(part)):
            if page.rows:
                yield page

    def miss(self) -> None:
        """See the client's `Source`.

        Raises:
            Garbled: At once, since nothing can be told from a list of which some may be missing.
        """
        raise Garbled("the records kept changing, and some may be missing", method="GET", path=self.path)

    def page(self, part: Part, token: Token | None = None) -> Page:
        """See the client's `Source`."""
        collection = self._listing.collection(part)
        asked = token or collection.paging().first()
        return paging.read(collection, paging.ask(self.account, collection, asked))

    def key(self, row: RawRow) -> Hashable:
        """See the client's `Source`."""
        return self._id_of(row)

    def changed_at(self, row: RawRow) -> datetime | None:
        """See the client's `Source`."""
        return times.instant(times.utc(row.get(self._listing.change_key)))

    def position(self, row: RawRow, part: Part) -> Any:
        """See the client's `Source`."""
        assert self._listing.position  # noqa: S101
        return self._listing.position(row, part)

    def other_paths(self) -> tuple[str, ...]:
        """See the client's `Source`."""
        return ()

    def parents(self) -> tuple[Parent, ...]:
        """See the client's `Source`."""
        return ()

    def parent_now(self, parent: Parent) -> Parent:
        """See the client's `Source`."""
        return parent

    def ids(self) -> tuple[str, ...]:
        """See the client's `Source`."""
        return ()
