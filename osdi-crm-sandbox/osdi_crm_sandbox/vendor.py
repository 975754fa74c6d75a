"""What a vendor's package supplies to the sandbox: one `Vendor` made of tables and plain functions."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from osdi_crm_sandbox.population import iso

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.limits import Limit
    from osdi_crm_sandbox.records import Record, Resource


class Refusal(Exception):
    """Raised by a handler to refuse the call; the vendor's `refuse` puts it in its own words, unless it is given."""

    def __init__(self, status: int, words: str = "", response: Response | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.response = response


@dataclass(slots=True)
class Call:
    """One request as a handler sees it.

    Attributes:
        method: upper case.
        path: below the vendor's prefix, such as "/api/v2/people".
        quoted: the same as it was sent, without a slash at its end: what routes are matched with.
        query: parameters, the last one of a repeated name.
        headers: by lower-case name.
        body: parsed JSON, or a form as a dict, or None where there was none.
        unreadable: a body was sent that could not be parsed (`body` is None).
        url: scheme, host and the vendor's prefix, for links in the answer.
        address: the client's.
        params: what stood at the {names} of the route's path.
        caller: the account whose credential came with the call.
    """

    method: str
    path: str
    quoted: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    unreadable: bool
    url: str
    address: str = ""
    params: dict[str, str] = field(default_factory=dict)
    caller: Account | None = None

    @property
    def account(self) -> Account:
        """The caller; nobody is refused (only a handler of an open route can meet that)."""
        if self.caller is None:
            raise Refusal(401, "Not signed in")
        return self.caller

    @property
    def given(self) -> Record:
        """The body where it is an object or a form, else nothing."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def bearer(self) -> str | None:
        """The bearer token."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def record(self, resource: str, key: str | None = None) -> Record:
        """The record with this id, or with the one in the path.

        Raises:
            Refusal: 404, there is none.
        """
        key = self.params["id"] if key is None else key
        table = self.account.tables[resource]
        if key not in table.records:
            raise Refusal(404, table.resource.missing.format(key))
        return table.records[key]


Handler = Callable[[Call], Response]


def table(beside: str, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file beside a module."""
    return list(csv.DictReader((Path(beside).parent / f"{name}.csv").read_text(encoding="utf-8").splitlines()))


def options(beside: str) -> Record:
    """The account options out of options.json beside a module: the default of each, which has its meaning there too."""
    described = json.loads((Path(beside).parent / "options.json").read_text(encoding="utf-8"))
    return {name: default for name, (default, _meaning) in described.items()}


def is_email(text: Any) -> bool:
    """Whether it looks like an address, as far as vendors look."""
    return isinstance(text, str) and re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) is not None


def answer(
    content: Any, status: int = 200, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(body, status, dict(headers or {}), media_type)


def public(record: Record) -> Record:
    """What of a record leaves the sandbox."""
    return {name: value for name, value in record.items() if name[0] != "_"}


def serve(account: Account, resource: str, key: str, _url: str) -> Any:
    """A record as it is stored."""
    return public(account.tables[resource].records[key])


def change(account: Account, resource: str, key: str, values: Record, modified: str | None) -> None:
    """Merges values into a record as it is stored."""
    table = account.tables[resource]
    table.put(key, {**table.records[key], **values, table.resource.modified: modified or iso()})


def delete(account: Account, resource: str, key: str) -> None:
    """Takes a record away, and nothing with it."""
    account.tables[resource].delete(key)


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
        routes: who answers what: "GET /people/{id}", the path below `api` as Starlette has it, and a handler. Of those
            that fit, the one with the fewest names is taken. GETs are rendered once and kept until something in the
            account changes, so their handlers may depend on nothing but the call's path and query and the account.
        open_routes: the same of calls without a credential too, the path below the vendor's prefix.
        identify: whose call this is, out of the vendor's accounts by key; None for nobody's.
        refuse: an error in the vendor's words, from status and what happened. The sandbox itself asks for 400
            (unreadable body), 401 (nobody's call), 404 and 405 (no such path, no such method), 429 and whatever a
            fault sets.
        seed: fills a new account with data for so many people from a seed; size 0 gives what any new account has.
        insert: stores a record given as the API serves it, missing ids and dates filled in; the record's id.
        invent: a new record, as `insert` takes it.
        settings: what tap and target need to reach an account, by the names of their settings without the vendor's and
            without `api_url`; from the account and the vendor's URL.
        serve: a record as the API answers it by id, from account, resource, id and `Call.url`.
        change: merges values into a record; its modified date becomes the one given, or now.
        delete: takes a record away.
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
    routes: Mapping[str, Handler]
    identify: Callable[[Call, Mapping[str, Account]], Account | None]
    refuse: Callable[[Call, int, str], Response]
    seed: Callable[[Account, int, int], None]
    insert: Callable[[Account, str, Record], str]
    invent: Callable[[Account, str], Record]
    settings: Callable[[Account, str], Record]
    open_routes: Mapping[str, Handler] = field(default_factory=dict)
    serve: Callable[[Account, str, str, str], Any] = serve
    change: Callable[[Account, str, str, Record, str | None], None] = change
    delete: Callable[[Account, str, str], None] = delete
    credentials: Callable[[Account], Record] = lambda _account: {}
    limits: Callable[[Call], Sequence[Limit]] = lambda call: [call.account.limit] if call.account.limit else []
    check: Callable[[Call], Response | None] = lambda _call: None
    challenge: Callable[[int], Response] = sorry
    decorate: Callable[[Call], Mapping[str, str]] = lambda _call: {}
