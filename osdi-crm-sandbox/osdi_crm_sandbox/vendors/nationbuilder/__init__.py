"""NationBuilder API v2, as in nationbuilder.com/api/v2/docs/v2/released.yaml and at support.nationbuilder.com."""

from __future__ import annotations

from functools import partial

from osdi_crm_sandbox.vendor import Vendor
from osdi_crm_sandbox.vendors.nationbuilder import access, actions, data, reading, seeding, writing
from osdi_crm_sandbox.vendors.nationbuilder.resources import API, OPTIONS, RESOURCES

VENDOR = Vendor(
    name="nationbuilder",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes={
        "GET /{kind}": reading.get_collection,
        "POST /{kind}": writing.create,
        "GET /{kind}/{id}": reading.get_item,
        "PATCH /{kind}/{id}": writing.update,
        "DELETE /{kind}/{id}": writing.delete,
        "GET /signups/me": reading.get_me,
        "PATCH /signups/push": writing.push,
        "GET /lists/{id}/signups": reading.get_list_members,
        "GET /async_processes/{id}": actions.show_process,
        "PATCH /automations/{id}/archive": actions.archive,
        **{f"PATCH /lists/{{id}}/{action}": partial(actions.change_list, action) for action in actions.LIST_ACTIONS},
        **{f"PATCH /path_journeys/{{id}}/{turn}": partial(actions.turn_journey, turn) for turn in actions.JOURNEYS},
    },
    open_routes={"GET /oauth/authorize": access.authorize, "POST /oauth/token": access.grant},
    identify=access.identify,
    refuse=access.refuse,
    seed=data.seed,
    insert=data.insert,
    invent=seeding.invent,
    settings=lambda account, _url: {"slug": access.credentials(account)["slug"], "access_token": account.key},
    serve=reading.serve,
    change=data.change,
    delete=data.delete,
    credentials=access.credentials,
    limits=access.limits,
    check=access.check,
    challenge=access.challenge,
    decorate=access.decorate,
)
