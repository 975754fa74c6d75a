"""Crowdskout API v1, as documented in its last public revision (github.com/crowdskout/slate, September 2020).

Assumed here, for the documentation is silent: every error (400, 401, 403, 404, 429 with `success` false, or as the
option `errors` says), which items are invalid (see `clean` in items.py), that unknown collections and fields are passed
over, that an update drops what is invalid as a create does, that answers to it show whole collections, the form of
written attribute values, the batches of a scan, and that text comes back trimmed, e-mails in lower case, phones and
times in one form. The traits are left out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from osdi_crm_sandbox.vendor import Call, Route, Vendor
from osdi_crm_sandbox.vendors.crowdskout.answers import enveloped, refuse, serve
from osdi_crm_sandbox.vendors.crowdskout.attributes import (
    delete_attribute,
    get_attribute,
    get_attributes,
    post_attribute,
    put_attribute,
)
from osdi_crm_sandbox.vendors.crowdskout.data import change, delete, insert, invent, seed
from osdi_crm_sandbox.vendors.crowdskout.field_options import get_field_options
from osdi_crm_sandbox.vendors.crowdskout.reading import find_by_external_id, get_profile, scan_segment
from osdi_crm_sandbox.vendors.crowdskout.resources import API, OPTIONS, RESOURCES
from osdi_crm_sandbox.vendors.crowdskout.sign_in import access_token, authorize, credentials, identify
from osdi_crm_sandbox.vendors.crowdskout.writing import (
    non_match_check,
    post_profile,
    post_profiles,
    put_profile,
    put_profiles,
)

if TYPE_CHECKING:
    from starlette.responses import Response


def _tracking(_call: Call) -> Response:
    return enveloped({"source": 1, "organization": 2, "client": 3})


VENDOR = Vendor(
    name="crowdskout",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes=[
        Route("GET", "/oauth/authorize", authorize, open=True),
        Route("POST", "/oauth/access_token", access_token, open=True),
        Route("POST", f"{API}/profile", post_profile),
        Route("POST", f"{API}/profile/bulk", post_profiles),
        Route("PUT", f"{API}/profile/bulk", put_profiles),
        Route("GET", f"{API}/profile/{{id}}", get_profile),
        Route("PUT", f"{API}/profile/{{id}}", put_profile),
        Route("POST", f"{API}/profile/{{id}}/non-match-check", non_match_check),
        Route("GET", f"{API}/external-id/{{external}}/{{kind}}", find_by_external_id),
        Route("PUT", f"{API}/segment/scan", scan_segment),
        Route("GET", f"{API}/fields/{{field}}/options", get_field_options),
        Route("GET", f"{API}/attribute", partial(get_attributes, False)),
        Route("GET", f"{API}/attributes", partial(get_attributes, True)),
        Route("POST", f"{API}/attribute", post_attribute),
        Route("GET", f"{API}/attribute/{{id}}", get_attribute),
        Route("PUT", f"{API}/attribute/{{id}}", put_attribute),
        Route("DELETE", f"{API}/attribute/{{id}}", delete_attribute),
        Route("GET", f"{API}/tracking", _tracking),
    ],
    identify=identify,
    refuse=refuse,
    seed=seed,
    serve=serve,
    insert=insert,
    invent=invent,
    change=change,
    delete=delete,
    settings=lambda account, _url: {"access_token": account.key},
    credentials=credentials,
)
