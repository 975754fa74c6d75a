"""The control API: by it tests and people steer the sandbox over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from osdi_crm_sandbox.faults import Fault
from osdi_crm_sandbox.vendor import answer

if TYPE_CHECKING:
    from starlette.requests import Request

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Table
    from osdi_crm_sandbox.server import VendorApp


class Control:
    """Handlers of the control API; every answer is JSON, errors are {"error"}."""

    def __init__(self, vendors: dict[str, VendorApp]) -> None:
        self._vendors = vendors

    def _vendor(self, request: Request) -> VendorApp:
        name = request.path_params["vendor"]
        if name not in self._vendors:
            raise HTTPException(404, f"No vendor {name}: this sandbox serves {', '.join(self._vendors)}")
        return self._vendors[name]

    def _account(self, request: Request) -> Account:
        account = self._vendor(request).accounts.get(unquote(request.path_params["key"]))
        if account is None:
            raise HTTPException(404, "No account with this key")
        account.settle()
        return account

    def _table(self, account: Account, resource: str) -> Table:
        if resource not in account.tables:
            raise HTTPException(404, f"No resource {resource}: choose from {', '.join(account.tables)}")
        return account.tables[resource]

    def _url(self, request: Request) -> str:
        return f"http://{request.headers.get('host', '')}/{request.path_params['vendor']}"

    async def create(self, request: Request) -> Response:
        """POST accounts."""
        order = await request.json()
        size, seed = order.get("size", 0), order.get("seed", 1)
        account = self._vendor(request).open_account(order.get("key"), size, seed, order.get("options", {}))
        return answer(self._described(request, account))

    async def accounts(self, request: Request) -> Response:
        """GET accounts."""
        return answer([self._described(request, account) for account in self._vendor(request).accounts.values()])

    def _described(self, request: Request, account: Account) -> dict[str, Any]:
        url, vendor = self._url(request), self._vendor(request).vendor
        return {
            "key": account.key,
            "account": account.name,
            "url": url + vendor.api,
            "settings": {"api_url": url + vendor.api, **vendor.settings(account, url)},
            "credentials": vendor.credentials(account),
        }

    async def set(self, request: Request) -> Response:
        """PATCH accounts/<key>."""
        account = self._account(request)
        account.set(await request.json())
        return answer(account.options)

    async def counters(self, request: Request) -> Response:
        """GET accounts/<key>."""
        return answer(self._account(request).counters())

    async def log(self, request: Request) -> Response:
        """GET or DELETE accounts/<key>/log."""
        account = self._account(request)
        if request.method == "DELETE":
            account.clear_log()
        return answer(account.log)

    async def records(self, request: Request) -> Response:
        """GET, POST, PATCH or DELETE accounts/<key>/records/<resource>."""
        account = self._account(request)
        resource = request.path_params["resource"]
        table = self._table(account, resource)
        vendor = self._vendor(request).vendor
        order: Any = await request.json() if request.method != "GET" else None
        if request.method == "GET":
            ids = list(table.records)
        elif request.method == "POST":
            if not isinstance(order, list) or not all(isinstance(record, dict) for record in order):
                raise HTTPException(400, "The records must be a list of objects")
            ids = [vendor.insert(account, resource, record) for record in order]
        else:
            ids = self._chosen(table, account, order)
        if request.method == "PATCH":
            for key in ids:
                vendor.change(account, resource, key, order.get("set", {}), order.get("modified_date"))
        if request.method == "DELETE":
            for key in ids:
                vendor.delete(account, resource, key)
            return answer({"deleted": len(ids)})
        url = self._url(request)
        return answer([vendor.serve(account, resource, key, url) for key in ids])

    def _chosen(self, table: Table, account: Account, order: dict[str, Any]) -> list[str]:
        if "count" in order:
            return account.random.sample(sorted(table.records), order["count"])
        if not isinstance(order["ids"], list):
            raise HTTPException(400, "ids must be a list of ids")
        ids = [str(key) for key in order["ids"]]
        missing = [key for key in ids if key not in table.records]
        if missing:
            raise HTTPException(404, f"No record {missing[0]}")
        return ids

    async def churn(self, request: Request) -> Response:
        """POST or DELETE accounts/<key>/churn."""
        account = self._account(request)
        churn = self._vendor(request).churns[account.key]
        if request.method == "DELETE":
            churn.stop()
            return answer({})
        order = await request.json()
        self._table(account, order["resource"])
        by_call = "changes_per_call" in order or "adds_per_call" in order
        changes, adds = (order.get(f"{what}_per_{'call' if by_call else 'second'}", 0) for what in ("changes", "adds"))
        churn.start(order["resource"], changes, adds, by_call=by_call)
        return answer(order)

    async def faults(self, request: Request) -> Response:
        """POST or DELETE accounts/<key>/faults."""
        account = self._account(request)
        if request.method == "DELETE":
            account.faults.clear()
            return answer({})
        account.faults += [Fault.from_json(order) for order in await request.json()]
        return answer({"faults": len(account.faults)})


async def _error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    return JSONResponse({"error": getattr(error, "detail", str(error))}, status)


def control_app(vendors: dict[str, VendorApp]) -> Starlette:
    """The control API of these vendors."""
    control = Control(vendors)
    account = "/_control/{vendor}/accounts/{key}"
    return Starlette(
        routes=[
            Route("/_control/{vendor}/accounts", control.accounts, methods=["GET"]),
            Route("/_control/{vendor}/accounts", control.create, methods=["POST"]),
            Route(account, control.counters, methods=["GET"]),
            Route(account, control.set, methods=["PATCH"]),
            Route(f"{account}/log", control.log, methods=["GET", "DELETE"]),
            Route(f"{account}/records/{{resource}}", control.records, methods=["GET", "POST", "PATCH", "DELETE"]),
            Route(f"{account}/churn", control.churn, methods=["POST", "DELETE"]),
            Route(f"{account}/faults", control.faults, methods=["POST", "DELETE"]),
        ],
        exception_handlers={HTTPException: _error, ValueError: _error, KeyError: _error},
    )
