"""i360 API 2.0, as far as api.i-360.com and its examples on GitHub describe it; facts.csv says what is assumed."""

from __future__ import annotations

from functools import partial

from osdi_crm_sandbox.vendor import Handler, Vendor
from osdi_crm_sandbox.vendors.i360 import access, data, reading, searches, writing
from osdi_crm_sandbox.vendors.i360.resources import (
    API,
    CONTACTS,
    JOBS,
    OPTIONS,
    PLAIN_KINDS,
    RESOURCES,
    TOKEN,
    VALUES,
    VOLUNTEERS,
)


def _routes() -> dict[str, Handler]:
    """Verb, path below the organisation, and handler."""
    routes: dict[str, Handler] = {
        "GET Contacts": reading.look_up_contact,
        "POST Contacts": writing.import_contacts,
        "GET Contacts/{id}": partial(reading.get_item, CONTACTS),
        "GET Volunteers": partial(reading.get_collection, VOLUNTEERS),
        "POST Volunteers": writing.post_volunteer,
        "GET Volunteers/Search": reading.search_volunteers,
        "POST Volunteers/Search": reading.search_volunteers,
        "GET Volunteers/{id}": partial(reading.get_item, VOLUNTEERS),
        "PUT Volunteers/{id}": writing.put_volunteer,
        "DELETE Volunteers/{id}": partial(writing.delete_item, VOLUNTEERS),
        "POST Searches": searches.queue_search,
        "POST Searches/Results": searches.search_results,
        "POST Searches/Counts": searches.search_counts,
        f"GET {VALUES.base}": reading.get_parameter_values,
    }
    for kind in JOBS:
        routes[f"GET {kind.path}"] = partial(reading.get_collection, kind)
        routes[f"GET {kind.path}/{{id:int}}"] = partial(reading.get_job, kind)
    writes = {"POST": ("", writing.post_child), "PUT": ("/{id}", writing.put_child)}
    writes["DELETE"] = ("/{id}", writing.delete_item)
    for kind in PLAIN_KINDS:
        routes[f"GET {kind.base}"] = partial(reading.get_collection, kind)
        routes[f"GET {kind.base}/{{id}}"] = partial(reading.get_item, kind)
        routes |= {f"{verb} {kind.base}{writes[verb][0]}": partial(writes[verb][1], kind) for verb in kind.writes}
    return {entry.replace(" ", " /Org/{org}/"): handler for entry, handler in routes.items()}


VENDOR = Vendor(
    name="i360",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes=_routes(),
    open_routes={f"POST {TOKEN}": access.give_token},
    identify=access.identify,
    refuse=access.refuse,
    seed=data.seed,
    insert=data.insert,
    invent=data.invent,
    settings=access.settings,
    serve=reading.serve,
    credentials=access.credentials,
    check=access.check,
)
