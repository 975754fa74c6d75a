"""What a vendor's module supplies to the sandbox: one `Vendor` made of plain functions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.limits import Limit

Record = dict[str, Any]
"""A stored record. Never changed in place: a change puts a new dict. Keys starting with "_" stay inside."""


class Refusal(Exception):
    """Raised by a handler to refuse the call; the vendor's `refuse` puts it in its own words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


@dataclass(slots=True)
class Call:
    """One request as a handler sees it.

    Attributes:
        method: upper case.
        path: below the vendor's prefix, such as "/api/v2/people".
        segments: the path's, split before they were unquoted: an encoded slash stays within one.
        query: parameters, the last one of a repeated name.
        headers: by lower-case name.
        body: parsed JSON, or a form as a dict, or None where there was none.
        unreadable: a body was sent that could not be parsed (`body` is None).
        url: scheme, host and the vendor's prefix, for links in the answer.
        params: what stood at the {names} of the route's path.
        address: the client's.
    """

    method: str
    path: str
    segments: list[str]
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    unreadable: bool
    url: str
    params: dict[str, str] = field(default_factory=dict)
    caller: Account | None = None
    address: str = ""

    @property
    def account(self) -> Account:
        """Whose credential came with the call.

        Raises:
            Refusal: nobody's (only a handler of an open route can meet that).
        """
        if self.caller is None:
            raise Refusal(401, "Not signed in")
        return self.caller


@dataclass(frozen=True)
class Route:
    """A method and a path ("/api/v2/people/{id}") and who answers.

    An open route answers calls without a credential too. GETs are rendered once and kept until something in the
    account changes, so their handlers may depend on nothing but the call's path and query and the account.
    """

    method: str
    path: str
    handler: Callable[[Call], Response]
    open: bool = False


@dataclass(frozen=True)
class Resource:
    """How records of one kind are indexed.

    Attributes:
        modified: the property that moves with every change; it decides a record's (arbitrary) place in collections.
        fields: what collections can be selected by: a name and how to get its values, strings that sort as the
            vendor compares them.
    """

    modified: str
    fields: Mapping[str, Callable[[Record], Iterable[str]]]


def sorry(status: int) -> Response:
    """The HTML page of somebody between client and vendor."""
    page = "<!DOCTYPE html><html><head><title>Sorry</title></head><body>Something went wrong</body></html>"
    return Response(page, status, media_type="text/html")


@dataclass(frozen=True)
class Vendor:
    """One vendor.

    Attributes:
        name: also the first segment of its URLs here.
        api: the path of its API below that, such as "/api/v2".
        resources: by name in snake_case; the order is the order of counters.
        options: the vendor's own account options with their defaults.
        routes: everything it answers.
        identify: whose call this is, out of the vendor's accounts by key; None for nobody's.
        refuse: an error in the vendor's words, from status and what happened. The sandbox itself asks for 400
            (unreadable body), 401 (nobody's call), 404 and 405 (no such path, no such method), 429 and whatever a
            fault sets.
        seed: fills a new account with data for so many people from a seed; size 0 gives what any new account has.
        serve: a record as the API answers it by id, from account, resource, id and `Call.url`.
        insert: stores a record given as the API serves it, missing ids and dates filled in; the record's id.
        invent: a new record, as `insert` takes it.
        change: merges values into a record; its modified date becomes the one given, or now.
        delete: takes a record away.
        settings: what tap and target need to reach an account, by the names of their settings without the vendor's and
            without `api_url`; from the account and the vendor's URL.
        credentials: what a client may need besides the key.
        limits: what the call counts against: the account's `rate` unless the vendor knows better.
        check: the answer to a call that gets no further, by its headers or its credential; None for the others.
            Unlike handlers it sees every call, whether the page is kept or not.
        challenge: the HTML page of the fault "html", by status.
        decorate: headers that every answer to an account's call carries.
    """

    name: str
    api: str
    resources: Mapping[str, Resource]
    options: Mapping[str, Any]
    routes: Sequence[Route]
    identify: Callable[[Call, Mapping[str, Account]], Account | None]
    refuse: Callable[[Call, int, str], Response]
    seed: Callable[[Account, int, int], None]
    serve: Callable[[Account, str, str, str], Any]
    insert: Callable[[Account, str, Record], str]
    invent: Callable[[Account, str], Record]
    change: Callable[[Account, str, str, Record, str | None], None]
    delete: Callable[[Account, str, str], None]
    settings: Callable[[Account, str], Record]
    credentials: Callable[[Account], Record] = lambda _account: {}
    limits: Callable[[Call], Sequence[Limit]] = lambda call: [call.account.limit] if call.account.limit else []
    check: Callable[[Call], Response | None] = lambda _call: None
    challenge: Callable[[int], Response] = sorry
    decorate: Callable[[Call], Mapping[str, str]] = lambda _call: {}


def answer(
    content: Any, status: int = 200, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(body, status, dict(headers or {}), media_type)
