"""A vendor served: a call goes through latency, limit, faults and the vendor's routes, and is answered."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import random
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from starlette.responses import Response
from starlette.routing import Match, Route

from osdi_crm_sandbox.accounts import Account
from osdi_crm_sandbox.churn import Churn
from osdi_crm_sandbox.deviations import altered
from osdi_crm_sandbox.limits import admit
from osdi_crm_sandbox.vendor import Call, Handler, Refusal, Vendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)


class VendorApp:
    """A vendor with its accounts."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.accounts: dict[str, Account] = {}
        self.churns: dict[str, Churn] = {}
        below = {entry.replace(" ", f" {vendor.api}", 1): handler for entry, handler in vendor.routes.items()}
        fewest_names_first = sorted({**vendor.open_routes, **below}.items(), key=lambda route: route[0].count("{"))
        self._routes = [_route(entry, handler) for entry, handler in fewest_names_first]
        self._open = set(vendor.open_routes.values())

    def open_account(self, key: str | None, size: int, seed: int, options: dict[str, Any]) -> Account:
        """A new account; an old one with the same key is gone.

        Raises:
            ValueError: an unknown option.
        """
        key = key or secrets.token_hex(16)
        if key in self.accounts:
            self.churns[key].stop()
        vendor, name = self.vendor, f"{self.vendor.name}-{len(self.accounts) + 1}"
        account = Account(key, name, vendor.options, vendor.resources, self.accounts)
        account.set(options)
        gc.disable()
        try:
            vendor.seed(account, size, seed)
            for table in account.tables.values():
                table.load(table.records)
        finally:
            gc.enable()
        gc.freeze()
        self.accounts[key] = account
        self.churns[key] = Churn(vendor, account)
        return account

    async def call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Takes a call to its end."""
        call = await _read(self.vendor.name, scope, receive)
        account = call.caller = self.vendor.identify(call, self.accounts)
        if account is None:
            await self._work(call)(scope, receive, send)
            return
        account.overlaps += account.busy > 0
        account.busy += 1
        options, now = account.options, asyncio.get_running_loop().time
        crowded = options["at_once"] is not None and account.busy > options["at_once"]
        way_in = max(0.0, options["latency"] / 2 + random.uniform(-1, 1) * options["jitter"])  # noqa: S311
        due = now() + way_in + options["latency"] / 2
        try:
            if way_in:
                await asyncio.sleep(way_in)
            response = await self._answer(account, call, scope, crowded=crowded)
            await asyncio.sleep(max(0.0, due - now()))
            if response is None:
                await _hang_up(scope, receive)
            else:
                await response(scope, receive, send)
        finally:
            account.busy -= 1

    async def _answer(self, account: Account, call: Call, scope: Scope, *, crowded: bool) -> Response | None:
        entry: dict[str, Any] = {"at": time.time(), "method": call.method, "path": call.path, "query": call.query}
        entry |= {"status": None, "body": call.body}
        account.log.append(entry)
        self.churns[account.key].called()
        account.settle()
        if crowded or not admit(self.vendor.limits(call), entry["at"]):
            response: Response | None = self.vendor.refuse(call, 429, "Too many requests")
        else:
            response = await self._faulty_work(account, call, scope)
        if response is not None and account.options["altered"]:
            response = altered(account.options["altered"], call.method, call.path, response)
        if response is not None:
            entry["status"] = response.status_code
            account.statuses[str(response.status_code)] += 1
            decoration = self.vendor.decorate(call)
            if decoration:
                response = Response(bytes(response.body), response.status_code, dict(response.headers))
                response.headers.update(decoration)
        return response

    async def _faulty_work(self, account: Account, call: Call, scope: Scope) -> Response | None:
        fault = next((fault for fault in account.faults if fault.strikes(call.method, call.path)), None)
        if fault is None:
            return self._kept_work(account, call, scope)
        if fault.do == "delay":
            await asyncio.sleep(fault.seconds)
        if fault.do == "cut_before":
            return None
        response = fault.instead()
        if fault.do == "html":
            response = self.vendor.challenge(fault.status or 503)
        if response is None and fault.do == "status":
            response = self.vendor.refuse(call, fault.status or 500, "Something went wrong")
            response.headers.update(fault.headers)
        if response is None:
            response = fault.spoil(self.vendor.check(call) or self._work(call))
        return None if fault.do == "cut_after" else response

    def _kept_work(self, account: Account, call: Call, scope: Scope) -> Response:
        refused = self.vendor.check(call)
        if refused is not None:
            return refused
        if call.method != "GET":
            return self._work(call)
        key = (call.url, scope["raw_path"], scope["query_string"])
        kept = account.pages.get(key)
        if kept is None:
            kept = self._work(call)
            if kept.status_code == 200:
                account.keep_page(key, kept)
        return kept

    def _work(self, call: Call) -> Response:
        try:
            return self._handler(call)(call)
        except Refusal as refusal:
            return refusal.response or self.vendor.refuse(call, refusal.status, refusal.words)
        except Exception:
            logger.exception("%s %s failed", call.method, call.path)
            return self.vendor.refuse(call, 500, "Something went wrong")

    def _handler(self, call: Call) -> Handler:
        """Who answers a call; its `params` are filled in."""
        if call.caller and call.caller.options["moved"]:
            _undo_moves(call, call.caller.options["moved"])
        scope = {"type": "http", "method": call.method, "path": call.quoted}
        handler, is_known = None, False
        for route in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                handler = route.endpoint
                call.params = {name: unquote(str(value)) for name, value in found["path_params"].items()}
                break
            is_known = is_known or match is Match.PARTIAL
        if call.caller is None and handler not in self._open:
            raise Refusal(401, "Not signed in")
        if handler is None:
            raise Refusal(405, "Method not allowed") if is_known else Refusal(404, "Not found")
        if call.unreadable:
            raise Refusal(400, "The body could not be parsed")
        return handler


def _route(entry: str, handler: Handler) -> Route:
    method, _, path = entry.partition(" ")
    return Route(path, handler, methods=[method])


async def _read(vendor: str, scope: Scope, receive: Receive) -> Call:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    raw_path: str = scope["raw_path"].decode("latin-1")
    call = Call(
        method=scope["method"],
        path=scope["path"].removeprefix(f"/{vendor}") or "/",
        quoted="/" + raw_path.removeprefix(f"/{vendor}").strip("/"),
        query=dict(parse_qsl(query, keep_blank_values=True)) if query else {},
        headers=headers,
        body=None,
        unreadable=False,
        url=f"http://{headers.get('host', '')}/{vendor}",
        address=scope["client"][0] if scope["client"] else "",
    )
    body = b""
    more = call.method != "GET" or headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if body:
        try:
            if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
                call.body = dict(parse_qsl(body.decode(), keep_blank_values=True))
            else:
                call.body = json.loads(body)
        except ValueError:
            call.unreadable = True
    return call


def _undo_moves(call: Call, moved: Mapping[str, str]) -> None:
    """Leads a call to where the documents have what the account serves elsewhere; links go on naming the latter.

    Raises:
        Refusal: the documents have here what has moved away.
    """
    for now, documented in moved.items():
        if now[0] == "?":
            query = {name: value for name, value in call.query.items() if name != documented[1:]}
            call.query = {documented[1:] if name == now[1:] else name: value for name, value in query.items()}
        elif _stands_in(call, now):
            method, _, path = documented.rpartition(" ")
            call.method = method or call.method
            call.quoted = f"{call.quoted}/".replace(f"{now.rpartition(' ')[2]}/", f"{path}/", 1)[:-1]
        elif _stands_in(call, documented):
            raise Refusal(404, "Not found")


def _stands_in(call: Call, pattern: str) -> bool:
    """Whether a call is one of "/people" or "GET /people", wherever that stands in its path."""
    method, _, path = pattern.rpartition(" ")
    return method in ("", call.method) and f"{path}/" in f"{call.quoted}/"


async def _hang_up(scope: Scope, receive: Receive) -> None:
    scope["state"]["transport"].close()
    while (await receive())["type"] != "http.disconnect":
        pass
