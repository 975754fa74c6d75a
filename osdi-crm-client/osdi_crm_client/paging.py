"""How the pages of a collection follow one another, for every reader of a collection: none ends early unnoticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from typing_extensions import override

from osdi_crm_client.errors import OF_ANOTHER_FORM, ForeignOrigin, Garbled, garbled
from osdi_crm_client.wire import Address, Cursor, Number, Offset, Page, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import requests

    from osdi_crm_client.account import Account
    from osdi_crm_client.wire import Collection, RawRow, Token

GOOD_PAGES = 8
"""Pages after which twice as many records are asked for again, where a page had been too heavy."""


def pages(account: Account, collection: Collection) -> Iterator[Page]:
    """Yield the pages of a collection, from the first to the last.

    Raises:
        VendorError: One of its kinds, if the vendor did not give them all.
    """
    paging = collection.paging()
    token = paging.first()
    while True:
        page = read(collection, ask(account, collection, token))
        yield page
        if (following := paging.following(page, token)) is None:
            return
        token = following


def rows(account: Account, collection: Collection) -> Iterator[RawRow]:
    """Yield the records of a collection; raises as `pages` does."""
    for page in pages(account, collection):
        yield from page.rows


def ask(account: Account, collection: Collection, token: Token | None) -> requests.Response:
    """Ask for one page and return its answer.

    Raises:
        VendorError: One of its kinds, if there is no good one.
    """
    if isinstance(token, Address):
        request = account.prepare(collection.method, token.url, json=collection.body)
    else:
        url = f"{account.base_url}/{collection.path.lstrip('/')}"
        request = account.prepare(collection.method, url, params=collection.query(token), json=collection.body)
    return account.send(request, repeatable=True, lighter=collection.lighter)


def read(collection: Collection, response: requests.Response) -> Page:
    """Return the page that an answer holds.

    Raises:
        Garbled: If it does not hold one in the form that the vendor documents.
    """
    try:
        page = collection.read(response.json(), response.url)
        _check(page)
    except OF_ANOTHER_FORM as error:
        raise garbled(error, method=collection.method, path=collection.path) from error
    return page


def _check(page: Page) -> None:
    if not all(isinstance(row, dict) for row in page.rows):
        raise TypeError("a record is not an object")
    if not (isinstance(page.full, int) and isinstance(page.total, int | None) and isinstance(page.number, int | None)):
        raise TypeError("a number of a page is not one")
    if not (isinstance(page.link, str | None) and isinstance(page.cursor, str | None)):
        raise TypeError("what leads to the next page is not a text")


class SinglePage:
    """A collection that comes in one page, which may be empty."""

    def first(self) -> None:
        """Ask for the collection as it is."""

    def following(self, page: Page, asked: Token | None) -> None:
        """End."""


class NumberedPages:
    """Pages by number. An empty or short page ends the collection; a link to the next one, or its lack, does not.

    A short one does not either where the vendor's own total shows that more is to come.
    A full page that repeats the one before is an error, unless the total shows that all has come.
    """

    def __init__(self, first: int = 1) -> None:
        """Begin at the page of this number."""
        self._first = first
        self._seen = 0
        self._rows_before: list[RawRow] = []

    def first(self) -> Token:
        """Return the number of the first page."""
        return Number(self._first)

    def following(self, page: Page, asked: Token | None) -> Token | None:
        """Return the number of the next page.

        Raises:
            ForeignOrigin: If the vendor says that the next page lies on another host.
            Garbled: If a full page is the one before once more.
        """
        _next_link(page)
        count, total = len(page.rows), page.total
        self._seen += count
        if not count or (count < page.full and (total is None or self._seen >= total)):
            return None
        if page.rows == self._rows_before and (total is None or self._seen - count < total):
            raise _repeated(page)
        self._rows_before = page.rows
        return self._next(asked) if total is None or self._seen < total else None

    def _next(self, asked: Token | None) -> Token:
        return Number(asked.value + 1 if isinstance(asked, Number) else self._first + 1)


class OffsetPages(NumberedPages):
    """Pages by how many records came before; otherwise as pages by number."""

    @override
    def first(self) -> Token:
        """Return no offset."""
        return Offset(0)

    @override
    def _next(self, asked: Token | None) -> Token:
        return Offset(self._seen)


class LinkedPages:
    """Pages by the vendor's links to the next one, or by number where there is none and more is to come.

    An empty page ends the collection, and one without a link whose own numbers show it to be the last. A link that is
    missing, or leads to a page that came before, does not: the next page is asked for by its number then.
    """

    def __init__(self, first: int = 0) -> None:
        """Begin at the page of this number."""
        self._number = first
        self._came: set[tuple[str, ...]] = set()
        self._rows_before: list[RawRow] = []

    def first(self) -> Number:
        """Return the number of the first page."""
        return Number(self._number)

    def following(self, page: Page, asked: Token | None) -> Token | None:
        """Return the address of the next page, or its number.

        Raises:
            ForeignOrigin: If the vendor says that the next page lies on another host.
            Garbled: If a page is the one before once more, and nothing shows that all has come.
        """
        if page.number is not None:
            self._number = page.number
        elif isinstance(asked, Number):
            self._number = asked.value
        self._came.add(_place(page.url))
        before, self._rows_before = self._rows_before, page.rows
        link = _next_link(page)
        if not page.rows:
            return None
        if page.rows == before and not page.is_last:
            raise _repeated(page)
        if link and _place(link) not in self._came:
            return Address(link)
        return None if page.is_last else Number(self._number + 1)


class CursorPages:
    """Pages by what the page before said to ask with. One that says nothing ends the collection, no other one does.

    A page that says what a page before it said would lead in a circle: that is an error, unless it is empty.
    """

    def __init__(self) -> None:
        """Begin without a cursor."""
        self._came: set[str] = set()

    def first(self) -> None:
        """Ask without a cursor."""

    def following(self, page: Page, asked: Token | None) -> Cursor | None:  # noqa: ARG002
        """Return the cursor of the next page.

        Raises:
            Garbled: If it is one that led to a page before.
        """
        if not page.cursor:
            return None
        if page.cursor in self._came:
            if not page.rows:
                return None
            raise _repeated(page)
        self._came.add(page.cursor)
        return Cursor(page.cursor)


class Crowded(Exception):
    """A full page lay within one second, so that times do not lead any further."""

    def __init__(self, second: datetime) -> None:
        super().__init__(f"{second:%Y-%m-%dT%H:%M:%SZ}")
        self.second = second


class SortedPages:
    """Pages of a collection that the vendor sorts: each begins where the one before ended, by time or after an id.

    So whatever changes or goes meanwhile, no record is passed over. Those of the time at which a page ended come again.

    An empty or short page ends the collection; nothing is believed of links and totals. A page that was too heavy for
    the vendor came with fewer records: those after it are asked for with as few, and later with more again.
    """

    def __init__(
        self,
        *,
        size: int,
        order: str,
        position: Callable[[RawRow], Any],
        until: datetime | None = None,
    ) -> None:
        """Start at the beginning.

        Args:
            size: How many records to ask for at a time.
            order: What the records are sorted by, for the words of an error.
            position: Takes out of a record the time, or id, that it is sorted by.
            until: The time before which records are wanted: what changed after that may stand in its old place for a
                while, and is not looked at.
        """
        self._size = size
        self._order = order
        self._position = position
        self._until = until
        self._good = 0

    def first(self) -> Position:
        """Return the beginning."""
        return Position(self._size)

    def following(self, page: Page, asked: Token | None) -> Position | None:
        """Return where the next page begins.

        Raises:
            Crowded: If all the page lay within one second.
            Garbled: If the vendor did not keep to the order or the beginning that was asked for.
        """
        if len(page.rows) < page.full:
            return None
        since = asked.since if isinstance(asked, Position) else None
        positions = [self._position(row) for row in page.rows]
        if self._until:
            positions = [position for position in positions if position < self._until]
        if not positions or positions != sorted(positions) or (since is not None and positions[0] < since):
            raise Garbled(
                f"the records are not in the order of {self._order}; if they change while they are read, run again, and"
                " if the vendor's filters lag behind changes, raise 'index_lag_seconds'",
                method=page.method,
                path=urlsplit(page.url).path,
            )
        size = self._next_size(page.full, asked)
        if isinstance(positions[-1], int):
            return Position(size, positions[-1] + 1)
        if positions[0] == positions[-1]:
            raise Crowded(positions[0])
        return Position(size, positions[-1])

    def _next_size(self, came: int, asked: Token | None) -> int:
        self._good = self._good + 1 if isinstance(asked, Position) and came == asked.size else 0
        if self._good < GOOD_PAGES:
            return came
        self._good = 0
        return min(2 * came, self._size)


def _next_link(page: Page) -> str:
    """Return the whole address of the next page, or nothing where the page does not say one.

    Raises:
        ForeignOrigin: If it lies on another host.
    """
    link = urljoin(page.url, page.link) if page.link else ""
    if link and urlsplit(link)[:2] != urlsplit(page.url)[:2]:
        raise ForeignOrigin(
            "the next page is said to lie on another host; it is not followed",
            method=page.method,
            path=urlsplit(page.url).path,
        )
    return link


def _repeated(page: Page) -> Garbled:
    return Garbled(
        "a page came twice, and the rest cannot be reached", method=page.method, path=urlsplit(page.url).path
    )


def _place(url: str) -> tuple[str, ...]:
    """Return where an address leads, however it is written."""
    parts = urlsplit(url)
    return (parts.netloc, parts.path, *(f"{name}={value}" for name, value in sorted(parse_qsl(parts.query))))
