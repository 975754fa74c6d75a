"""What crosses the border to a vendor, as plain data: how a page of a collection is asked for, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NewType, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import requests

    from osdi_crm_client.errors import VendorError

RawRow = NewType("RawRow", dict[str, Any])
"""A record under the vendor's names, with the vendor's values, out of the envelope that it came in."""


def id_text(value: Any) -> str | None:
    """Return an id as text; None where there is none.

    Raises:
        TypeError: If it is neither text nor a whole number.
    """
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError("an id is neither text nor a whole number")
    return str(value)


@dataclass(frozen=True)
class Window:
    """Records changed at `since` or later and before `until`; None leaves a side open. Whole seconds, UTC."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Ids:
    """Records whose id is `since` or higher and below `until`; None leaves a side open."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A page by its number; whether they count from 0 or 1 is the vendor's."""

    value: int


@dataclass(frozen=True, slots=True)
class Offset:
    """A page by how many records come before it."""

    value: int


@dataclass(frozen=True, slots=True)
class Address:
    """A page by the whole address that the vendor gave for it."""

    url: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """A page by what the vendor's page before it said to ask with; it means nothing to us."""

    text: str


@dataclass(frozen=True, slots=True)
class Position:
    """A page of a sorted collection by where it begins.

    Attributes:
        size: How many records it is to hold.
        since: The time or id from which on they are wanted; None for the beginning.
    """

    size: int
    since: datetime | int | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """One record of a sorted collection by its number; that of number 0 also tells how many there are in all."""

    number: int


Token = Number | Offset | Address | Cursor | Position | Probe
"""What a page is asked for by; None asks for the collection as it is, which has one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a collection, as its answer tells.

    Attributes:
        rows: Its records.
        full: How many a full page holds; one with fewer is a short one.
        total: How many records there are on all pages, where the vendor says so.
        number: Its number, where it says it.
        link: The address of the next page, where it says one; it may be relative to its own.
        cursor: What to ask for the next page with, where the vendor gives such.
        is_last: Whether its own numbers show that nothing follows.
        method: The HTTP method it was asked for by.
        url: The address it was asked for at.
    """

    rows: list[RawRow]
    full: int = 1
    total: int | None = None
    number: int | None = None
    link: str | None = None
    cursor: str | None = None
    is_last: bool = False
    method: str = "GET"
    url: str = ""


class Paging(Protocol):
    """How the pages of one collection follow one another; made anew for each reading of it."""

    def first(self) -> Token | None:
        """Return what the first page is asked for by."""

    def following(self, page: Page, asked: Token | None) -> Token | None:
        """Return what the page after this one is asked for by, or None where this one is the last.

        Args:
            page: The page.
            asked: What it was asked for by.

        Raises:
            ForeignOrigin: If the vendor says that the next page lies on another host.
            Garbled: If the rest of the collection cannot be reached.
        """


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Records that a vendor gives page after page: how each page is asked for, and how its answer is read.

    Attributes:
        path: Where it lives, relative to the account's base address.
        paging: Makes what tells the next page.
        read: Takes the page out of a decoded answer and the address that it came from. What it raises because the
            answer is of another form than documented becomes `Garbled`.
        query: Returns the query that asks for a page; a page by its `Address` is asked for without.
        body: The JSON body to ask with, where the vendor wants one.
        method: The HTTP method to ask by.
        lighter: Returns the request to make instead of one that the vendor failed at, where fewer records may help.
    """

    path: str
    paging: Callable[[], Paging]
    read: Callable[[Any, str], Page]
    query: Callable[[Token | None], Mapping[str, Any]] = lambda _: {}
    body: Any = None
    method: str = "GET"
    lighter: Callable[[requests.PreparedRequest, VendorError], requests.PreparedRequest] | None = None
