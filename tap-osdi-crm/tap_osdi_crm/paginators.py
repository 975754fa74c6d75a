"""The client's ways of paging as paginators of the SDK, which also sees to it that no token comes twice in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osdi_crm_client import paging
from osdi_crm_client.wire import Token
from singer_sdk.pagination import BaseAPIPaginator
from typing_extensions import override

if TYPE_CHECKING:
    import requests
    from osdi_crm_client.wire import Collection, Page


class Paginator(BaseAPIPaginator[Token | None]):
    """Pages of one collection. An answer is read once, and what it says of the next page is taken from that."""

    def __init__(self, collection: Collection) -> None:
        """Start at the first page."""
        self._collection = collection
        self._paging = collection.paging()
        super().__init__(self._paging.first())

    def read(self, response: requests.Response) -> Page:
        """Return the page that an answer holds, before the paginator advances.

        Raises:
            Garbled: If it does not hold one in the form that the vendor documents.
        """
        self._page = paging.read(self._collection, response)
        return self._page

    @override
    def has_more(self, response: requests.Response) -> bool:
        """Whether to ask for another page; raises what the collection's way of paging does."""
        self._following = self._paging.following(self._page, self.current_value)
        return self._following is not None

    @override
    def get_next(self, response: requests.Response) -> Token | None:
        return self._following
