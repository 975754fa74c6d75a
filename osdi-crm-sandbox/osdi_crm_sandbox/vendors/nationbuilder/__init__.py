"""NationBuilder API v2, as in nationbuilder.com/api/v2/docs/v2/released.yaml and at support.nationbuilder.com."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from osdi_crm_sandbox.vendor import Call, Route, Vendor
from osdi_crm_sandbox.vendors.nationbuilder import data, seeding, sign_in
from osdi_crm_sandbox.vendors.nationbuilder.actions import (
    JOURNEYS,
    LIST_ACTIONS,
    archive,
    change_list,
    show_process,
    turn_journey,
)
from osdi_crm_sandbox.vendors.nationbuilder.answers import Rejected
from osdi_crm_sandbox.vendors.nationbuilder.reading import get_collection, get_item, get_list_members, get_me
from osdi_crm_sandbox.vendors.nationbuilder.resources import API, KINDS, OPTIONS, RESOURCES
from osdi_crm_sandbox.vendors.nationbuilder.writing import create, delete, push, update

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response


def _rejecting(handler: Callable[[Call], Response]) -> Callable[[Call], Response]:
    def handle(call: Call) -> Response:
        try:
            return handler(call)
        except Rejected as rejected:
            return rejected.response

    return handle


def _routes() -> list[Route]:
    handlers: list[tuple[str, str, Callable[[Call], Response]]] = [
        ("GET", "/signups/me", get_me),
        ("PATCH", "/signups/push", push),
        ("GET", "/lists/{id}/signups", get_list_members),
        ("GET", "/async_processes/{id}", show_process),
        ("PATCH", "/automations/{id}/archive", archive),
        *(("PATCH", f"/lists/{{id}}/{action}", partial(change_list, action)) for action in LIST_ACTIONS),
        *(("PATCH", f"/path_journeys/{{id}}/{action}", partial(turn_journey, action)) for action in JOURNEYS),
    ]
    for name, kind in KINDS.items():
        for method, verb, path, handler in (
            ("list", "GET", f"/{name}", get_collection),
            ("show", "GET", f"/{name}/{{id}}", get_item),
            ("create", "POST", f"/{name}", create),
            ("update", "PATCH", f"/{name}/{{id}}", update),
            ("delete", "DELETE", f"/{name}/{{id}}", delete),
        ):
            if method in kind.methods:
                handlers.append((verb, path, partial(handler, kind)))
    return [
        Route("GET", "/oauth/authorize", sign_in.authorize, open=True),
        Route("POST", "/oauth/token", sign_in.grant, open=True),
        *(Route(verb, f"{API}{path}", _rejecting(handler)) for verb, path, handler in handlers),
    ]


VENDOR = Vendor(
    name="nationbuilder",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes=_routes(),
    identify=sign_in.identify,
    refuse=sign_in.refuse,
    seed=data.seed,
    serve=data.serve,
    insert=data.insert,
    invent=seeding.invent,
    change=data.change,
    delete=data.delete,
    settings=lambda account, _url: {"slug": sign_in.credentials(account)["slug"], "access_token": account.key},
    credentials=sign_in.credentials,
    limits=sign_in.limits,
    check=sign_in.check,
    challenge=sign_in.challenge,
    decorate=sign_in.decorate,
)
