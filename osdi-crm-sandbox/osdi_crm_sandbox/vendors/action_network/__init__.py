"""Action Network API v2, as documented at actionnetwork.org/docs/v2."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from osdi_crm_sandbox.vendor import Call, Route, Vendor
from osdi_crm_sandbox.vendors.action_network.answers import (
    check,
    get_campaign_attendances,
    get_campaign_event,
    get_child_collection,
    get_child_item,
    get_collection,
    get_custom_fields,
    get_embed,
    get_entry_point,
    get_item,
    get_metadata,
    identify,
    refuse,
    serve,
)
from osdi_crm_sandbox.vendors.action_network.data import change, insert, invent, seed
from osdi_crm_sandbox.vendors.action_network.keeping import delete_record
from osdi_crm_sandbox.vendors.action_network.people import post_person, put_person
from osdi_crm_sandbox.vendors.action_network.resources import (
    ACTIONS,
    API,
    ITEMS,
    KINDS,
    OPTIONS,
    PEOPLE,
    RECORDS,
    RESOURCES,
    TAGGINGS,
    TOP_LEVEL,
)
from osdi_crm_sandbox.vendors.action_network.writing import (
    delete_tagging,
    post_action,
    post_message,
    post_record,
    post_tag,
    post_tagging,
    post_unique_id_list,
    put_action,
    put_message,
    put_record_item,
    put_unique_id_list,
    schedule_message,
    send_message,
    stop_message,
    unschedule_message,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.responses import Response


def _routes() -> Iterable[tuple[str, str, Callable[[Call], Response]]]:
    """Method, path and handler of every route that needs a key."""
    for kind in TOP_LEVEL:
        yield "GET", f"/{kind.name}", partial(get_collection, kind)
        yield "GET", f"/{kind.name}/{{id}}", partial(get_item, kind)
    for kind in ACTIONS.values():
        yield "POST", f"/{kind.name}", partial(post_action, kind)
        yield "PUT", f"/{kind.name}/{{id}}", partial(put_action, kind)
        yield "GET", f"/{kind.name}/{{id}}/embed", partial(get_embed, kind)
    for kind in (*RECORDS.values(), TAGGINGS, ITEMS):
        for parent in (KINDS[kind.parent], PEOPLE):
            if kind is ITEMS and parent is PEOPLE:
                continue
            path = f"/{parent.name}/{{id}}/{kind.name}"
            yield "GET", path, partial(get_child_collection, kind, parent)
            yield "GET", f"{path}/{{child}}", partial(get_child_item, kind, parent)
            if kind.write or kind.name in ("submissions", "responses"):
                yield "PUT", f"{path}/{{child}}", partial(put_record_item, kind, parent)
    for kind in RECORDS.values():
        yield "POST", f"/{kind.parent}/{{id}}/{kind.name}", partial(post_record, kind)
    events = "/event_campaigns/{id}/events"
    yield "GET", events, partial(get_child_collection, ACTIONS["events"], ACTIONS["event_campaigns"])
    yield "POST", events, partial(post_action, ACTIONS["events"])
    yield "GET", f"{events}/{{event}}", get_campaign_event
    yield "GET", f"{events}/{{event}}/attendances", get_campaign_attendances
    yield "PUT", "/people/{id}", put_person
    yield "POST", "/tags", post_tag
    yield "POST", "/tags/{id}/taggings", post_tagging
    yield "DELETE", "/tags/{id}/taggings/{child}", delete_tagging
    yield "POST", "/messages", post_message
    yield "PUT", "/messages/{id}", put_message
    yield "POST", "/messages/{id}/send", send_message
    yield "DELETE", "/messages/{id}/send", stop_message
    yield "POST", "/messages/{id}/schedule", schedule_message
    yield "DELETE", "/messages/{id}/schedule", unschedule_message
    yield "POST", "/unique_id_lists", post_unique_id_list
    yield "PUT", "/unique_id_lists/{id}", put_unique_id_list
    yield "GET", "/metadata", get_metadata
    yield "GET", "/metadata/custom_fields", get_custom_fields


VENDOR = Vendor(
    name="action_network",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes=[
        Route("GET", API, get_entry_point, open=True),
        Route("POST", f"{API}/people", post_person, open=True),
        *(Route(method, API + path, handler) for method, path, handler in _routes()),
    ],
    identify=identify,
    refuse=refuse,
    seed=seed,
    serve=serve,
    insert=insert,
    invent=invent,
    change=change,
    delete=delete_record,
    settings=lambda account, _url: {"api_token": account.key},
    check=check,
)
