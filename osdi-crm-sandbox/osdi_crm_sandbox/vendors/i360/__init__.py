"""i360 API 2.0, as far as api.i-360.com and github.com/i-360/API-Examples describe it.

Public are the host, the token flow, `Org/{OrgId}` in the path, verbs and statuses, the names of the entities, the
search requests, contact imports and the volunteers' search. Assumed here: every other path (PascalCase, children below
their parents, keys `<Entity>ID`), the shape and spelling of every answer, what searches for volunteers go by, how
contacts match, what an import's status is called, that nothing pages, and error bodies (ASP.NET's own). Searches by
polygon (criterion 27) are refused.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from osdi_crm_sandbox.vendor import Call, Route, Vendor
from osdi_crm_sandbox.vendors.i360.answers import refuse
from osdi_crm_sandbox.vendors.i360.children import delete_item, post_child, put_child
from osdi_crm_sandbox.vendors.i360.contacts import import_contacts, look_up_contact
from osdi_crm_sandbox.vendors.i360.data import change, delete, insert, invent, seed, serve
from osdi_crm_sandbox.vendors.i360.jobs import get_job
from osdi_crm_sandbox.vendors.i360.reading import get_collection, get_item, get_parameter_values
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
from osdi_crm_sandbox.vendors.i360.searching import queue_search, search_counts, search_results
from osdi_crm_sandbox.vendors.i360.sign_in import check, credentials, give_token, identify, settings
from osdi_crm_sandbox.vendors.i360.volunteers import post_volunteer, put_volunteer, search_volunteers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.responses import Response


def _routes() -> Iterable[tuple[str, str, Callable[[Call], Response]]]:
    """Method, path below the organisation, and handler."""
    yield "GET", "Contacts", look_up_contact
    yield "POST", "Contacts", import_contacts
    yield "GET", "Contacts/{id}", partial(get_item, CONTACTS)
    yield "GET", "Volunteers", partial(get_collection, VOLUNTEERS)
    yield "POST", "Volunteers", post_volunteer
    yield "GET", "Volunteers/Search", search_volunteers
    yield "POST", "Volunteers/Search", search_volunteers
    yield "GET", "Volunteers/{id}", partial(get_item, VOLUNTEERS)
    yield "PUT", "Volunteers/{id}", put_volunteer
    yield "DELETE", "Volunteers/{id}", partial(delete_item, VOLUNTEERS)
    yield "POST", "Searches", queue_search
    yield "POST", "Searches/Results", search_results
    yield "POST", "Searches/Counts", search_counts
    yield "GET", VALUES.base, get_parameter_values
    for kind in JOBS:
        yield "GET", kind.path, partial(get_collection, kind)
        yield "GET", f"{kind.path}/{{id}}", partial(get_job, kind)
    for kind in PLAIN_KINDS:
        yield "GET", kind.base, partial(get_collection, kind)
        yield "GET", f"{kind.base}/{{id}}", partial(get_item, kind)
        writes = {"POST": ("", post_child), "PUT": ("/{id}", put_child), "DELETE": ("/{id}", delete_item)}
        for verb in kind.writes.split():
            yield verb, kind.base + writes[verb][0], partial(writes[verb][1], kind)


VENDOR = Vendor(
    name="i360",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes=[
        Route("POST", TOKEN, give_token, open=True),
        *(Route(method, f"{API}/Org/{{org}}/{path}", handler) for method, path, handler in _routes()),
    ],
    identify=identify,
    refuse=refuse,
    seed=seed,
    serve=serve,
    insert=insert,
    invent=invent,
    change=change,
    delete=delete,
    settings=settings,
    credentials=credentials,
    check=check,
)
