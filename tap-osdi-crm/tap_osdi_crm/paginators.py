"""Walking through the pages of a collection without ever ending early unnoticed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from osdi_crm_client import errors
from singer_sdk.pagination import BaseAPIPaginator, SinglePagePaginator
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import requests

GOOD_PAGES = 8
"""Pages after which twice as many records are asked for again, where a page had been too heavy."""


class OnePage(SinglePagePaginator):
    """A collection that comes in one page, which may be empty."""

    @override
    def continue_if_empty(self, response: requests.Response) -> bool:
        """Leave it to `has_more` to see that this is the end."""
        return True


class NumberedPages(BaseAPIPaginator[int]):
    """Pages by number. An empty or short page ends the collection; what a link to the next page says does not.

    A short one does not where the vendor's own total shows that more is to come.

    A full page that repeats the one before is an error, unless the vendor's own total shows that all has come.
    """

    def __init__(
        self,
        *,
        page_size: Callable[[Any], int],
        rows: Callable[[Any], list[dict[str, Any]]],
        total: Callable[[Any], int | None],
        next_link: Callable[[Any], str | None],
        first: int = 1,
    ) -> None:
        """Start at the first page; the functions take what they are named for out of a decoded page."""
        super().__init__(first)
        self._page_size = page_size
        self._rows = rows
        self._total = total
        self._next_link = next_link
        self._seen = 0
        self._page_before: list[dict[str, Any]] = []

    @override
    def has_more(self, response: requests.Response) -> bool:
        """Whether to ask for another page.

        Raises:
            ForeignOrigin: If the vendor says that the next page lies on another host.
            Garbled: If a full page is the one before once more.
        """
        body = response.json()
        rows = self._rows(body)
        self._seen += len(rows)
        url, method = response.url, response.request.method or "GET"
        link = self._next_link(body)
        if link and urlsplit(urljoin(url, link))[:2] != urlsplit(url)[:2]:
            raise errors.ForeignOrigin(
                "the next page is said to lie on another host; it is not followed",
                method=method,
                path=urlsplit(url).path,
            )
        total = self._total(body)
        if not rows or (len(rows) < self._page_size(body) and (total is None or self._seen >= total)):
            return False
        if rows == self._page_before and (total is None or self._seen - len(rows) < total):
            raise errors.Garbled(
                "a page came twice, and the rest cannot be reached", method=method, path=urlsplit(url).path
            )
        self._page_before = rows
        return total is None or self._seen < total

    @override
    def continue_if_empty(self, response: requests.Response) -> bool:
        """Leave it to `has_more` to see that an empty page is the end."""
        return True

    @override
    def get_next(self, response: requests.Response) -> int:
        return self.current_value + 1


@dataclass(frozen=True)
class Place:
    """Where a page of a sorted collection begins, and how many records it is to hold.

    Attributes:
        size: How many records.
        since: The time or id from which on they are wanted; None for the beginning of the part.
    """

    size: int
    since: Any = None


@dataclass(frozen=True)
class Glance:
    """One record of a sorted part by its number, counted from zero, and how many there are in all."""

    number: int


@dataclass(frozen=True)
class Asked:
    """What a page was asked for, as its request tells.

    Attributes:
        by: The property it is sorted by.
        size: How many records it was to hold; fewer than at first, where the vendor failed at so many.
        until: The time before which records were wanted, where it is sorted by time.
    """

    by: str
    size: int
    until: datetime | None


class Crowded(Exception):
    """A full page lay within one second, so that times do not lead any further."""

    def __init__(self, second: datetime) -> None:
        super().__init__(f"{second:%Y-%m-%dT%H:%M:%SZ}")
        self.second = second


class SortedPages(BaseAPIPaginator[Place]):
    """Pages of a collection that the vendor sorts: each begins where the one before ended, by time or after an id.

    So whatever changes or goes meanwhile, no record is passed over. Those of the time at which a page ended come again.

    An empty or short page ends the collection; nothing is believed of links and totals. A page that was too heavy for
    the vendor came with fewer records: those after it are asked for with as few, and later with more again.
    """

    def __init__(
        self,
        *,
        page_size: int,
        rows: Callable[[Any], list[dict[str, Any]]],
        place: Callable[[dict[str, Any], str], Any],
        asked: Callable[[str], Asked],
    ) -> None:
        """Start at the beginning.

        Args:
            page_size: How many records to ask for at a time.
            rows: Takes the records out of a decoded page.
            place: Takes out of a record the time, or id, that it is sorted by.
            asked: Tells from the address of a page what it was asked for.
        """
        super().__init__(Place(page_size))
        self._page_size = page_size
        self._rows = rows
        self._place = place
        self._asked = asked
        self._good = 0

    @override
    def has_more(self, response: requests.Response) -> bool:
        """Whether the page was full."""
        return len(self._rows(response.json())) >= self._asked(response.url).size

    @override
    def get_next(self, response: requests.Response) -> Place:
        """Return where the next page begins.

        Raises:
            Crowded: If all the page lay within one second.
            Garbled: If the vendor did not keep to the order or the beginning that was asked for.
        """
        asked = self._asked(response.url)
        places = [self._place(row, asked.by) for row in self._rows(response.json())]
        if asked.until:  # what changed after that may stand in its old place for a while
            places = [place for place in places if place < asked.until]
        since = self.current_value.since
        if not places or places != sorted(places) or (since is not None and places[0] < since):
            raise errors.Garbled(
                f"the records are not in the order of {asked.by}; if they change while they are read, run again, and"
                " if the vendor's filters lag behind changes, raise 'index_lag_seconds'",
                method="GET",
                path=urlsplit(response.url).path,
            )
        if isinstance(places[-1], int):
            return Place(self._next_size(asked.size), places[-1] + 1)
        if places[0] == places[-1]:
            raise Crowded(places[0])
        return Place(self._next_size(asked.size), places[-1])

    def _next_size(self, size: int) -> int:
        self._good = self._good + 1 if size == self.current_value.size else 0
        if self._good < GOOD_PAGES:
            return size
        self._good = 0
        return min(2 * size, self._page_size)


class Offsets(NumberedPages):
    """Pages by how many records came before; otherwise as pages by number."""

    def __init__(self, **how: Any) -> None:
        """Start at the beginning; takes what `NumberedPages` takes."""
        super().__init__(**how, first=0)

    @override
    def get_next(self, response: requests.Response) -> int:
        return self._seen


class NextLinks(BaseAPIPaginator[int | str]):
    """Pages by the vendor's links to the next one, or by number where there is none and more is to come.

    An empty page ends the collection, and one without a link that a total shows to be the last. A link that is
    missing, or leads to a page that came before, does not: the next page is asked for by its number then.
    """

    def __init__(
        self,
        *,
        rows: Callable[[Any], list[dict[str, Any]]],
        link: Callable[[Any], Any],
        number: Callable[[Any], int | None],
        is_last: Callable[[Any], bool],
    ) -> None:
        """Start at the first page, whose number is zero.

        Args:
            rows: Takes the records out of a decoded page.
            link: Takes the address of the next page out of one.
            number: Takes a page's number out of it, where it says it.
            is_last: Whether a page's own numbers show that nothing follows it.
        """
        super().__init__(0)
        self._rows = rows
        self._link = link
        self._page_number = number
        self._is_last = is_last
        self._number = 0
        self._asked: set[tuple[str, ...]] = set()
        self._page_before: list[dict[str, Any]] = []

    @override
    def has_more(self, response: requests.Response) -> bool:
        """Whether to ask for another page.

        Raises:
            ForeignOrigin: If the vendor says that the next page lies on another host.
            Garbled: If a page is the one before once more, and nothing shows that all has come.
        """
        body = response.json()
        rows = self._rows(body)
        number = self._page_number(body)
        self._number = self._number if number is None else number
        self._asked.add(_place(response.url))
        before, self._page_before = self._page_before, rows
        method, path = response.request.method or "GET", urlsplit(response.url).path
        link = self._next_url(response)
        if link and urlsplit(link)[:2] != urlsplit(response.url)[:2]:
            raise errors.ForeignOrigin(
                "the next page is said to lie on another host; it is not followed", method=method, path=path
            )
        if not rows:
            return False
        if rows == before and not self._is_last(body):
            raise errors.Garbled("a page came twice, and the rest cannot be reached", method=method, path=path)
        return self._is_new(link) or not self._is_last(body)

    @override
    def continue_if_empty(self, response: requests.Response) -> bool:
        """Leave it to `has_more` to see that an empty page is the end."""
        return True

    @override
    def get_next(self, response: requests.Response) -> int | str:
        link = self._next_url(response)
        return link if self._is_new(link) else self._number + 1

    def _next_url(self, response: requests.Response) -> str:
        link = self._link(response.json())
        return urljoin(response.url, link) if link and isinstance(link, str) else ""

    def _is_new(self, link: str) -> bool:
        return link != "" and _place(link) not in self._asked


def _place(url: str) -> tuple[str, ...]:
    """Return where an address leads, however it is written."""
    parts = urlsplit(url)
    return (parts.netloc, parts.path, *(f"{name}={value}" for name, value in sorted(parse_qsl(parts.query))))
