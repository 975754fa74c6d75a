"""Walking through the pages of a collection without ever ending early unnoticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from osdi_crm_client import errors
from singer_sdk.pagination import BaseAPIPaginator
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests


class NumberedPages(BaseAPIPaginator[int]):
    """Pages by number. An empty or short page ends the collection; what a link to the next page says does not.

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
        if len(rows) < self._page_size(body):
            return False
        total = self._total(body)
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
