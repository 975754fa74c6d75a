"""Action Network API v2, as documented at actionnetwork.org/docs/v2."""

from __future__ import annotations

from osdi_crm_sandbox.vendor import Vendor
from osdi_crm_sandbox.vendors.action_network import access, data, messages, people, reading, seeding, writing
from osdi_crm_sandbox.vendors.action_network.bookkeeping import delete_record
from osdi_crm_sandbox.vendors.action_network.resources import API, OPTIONS, RESOURCES

VENDOR = Vendor(
    name="action_network",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes={
        "GET /{kind}": reading.get_collection,
        "POST /{kind}": writing.post_action,
        "GET /{kind}/{id}": reading.get_item,
        "PUT /{kind}/{id}": writing.put_action,
        "GET /{kind}/{id}/embed": reading.get_embed,
        "GET /{kind}/{id}/{children}": reading.get_children,
        "POST /{kind}/{id}/{children}": writing.post_child,
        "GET /{kind}/{id}/{children}/{child}": reading.get_child,
        "PUT /{kind}/{id}/{children}/{child}": writing.put_child,
        "DELETE /{kind}/{id}/{children}/{child}": writing.delete_child,
        "GET /{kind}/{id}/{children}/{child}/{grandchildren}": reading.get_grandchildren,
        "PUT /people/{id}": people.put_person,
        "POST /tags": writing.post_tag,
        "POST /unique_id_lists": writing.post_unique_id_list,
        "PUT /unique_id_lists/{id}": writing.put_unique_id_list,
        "POST /messages": messages.post_message,
        "PUT /messages/{id}": messages.put_message,
        "POST /messages/{id}/send": messages.send_message,
        "DELETE /messages/{id}/send": messages.stop_message,
        "POST /messages/{id}/schedule": messages.schedule_message,
        "DELETE /messages/{id}/schedule": messages.unschedule_message,
        "GET /metadata": reading.get_metadata,
        "GET /metadata/custom_fields": reading.get_custom_fields,
    },
    open_routes={f"GET {API}": reading.get_entry_point, f"POST {API}/people": people.post_person},
    identify=access.identify,
    refuse=access.refuse,
    seed=seeding.seed,
    insert=data.insert,
    invent=seeding.invent,
    settings=lambda account, _url: {"api_token": account.key},
    serve=reading.serve,
    change=data.change,
    delete=delete_record,
    check=access.check,
)
