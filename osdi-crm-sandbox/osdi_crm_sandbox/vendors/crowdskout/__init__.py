"""Crowdskout API v1, as documented in its last public revision (github.com/crowdskout/slate, September 2020).

Assumed here, for the documentation is silent: every error (400, 401, 403, 404, 429 with `success` false, or as the
option `errors` says), which items are invalid (see `clean` in items.py), that unknown collections and fields are passed
over, that an update drops what is invalid as a create does, that answers to it show whole collections, the form of
written attribute values, the batches of a scan, and that text comes back trimmed, e-mails in lower case, phones and
times in one form. The traits are left out.
"""

from __future__ import annotations

from functools import partial

from osdi_crm_sandbox.vendor import Vendor
from osdi_crm_sandbox.vendors.crowdskout import access, data, reading, writing
from osdi_crm_sandbox.vendors.crowdskout.resources import API, OPTIONS, RESOURCES

VENDOR = Vendor(
    name="crowdskout",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes={
        "POST /profile": writing.post_profile,
        "POST /profile/bulk": writing.post_profiles,
        "PUT /profile/bulk": writing.put_profiles,
        "GET /profile/{id}": reading.get_profile,
        "PUT /profile/{id}": writing.put_profile,
        "POST /profile/{id}/non-match-check": writing.non_match_check,
        "GET /external-id/{external}/{kind}": reading.find_by_external_id,
        "PUT /segment/scan": reading.scan_segment,
        "GET /fields/{field}/options": reading.get_field_options,
        "GET /attribute": partial(reading.get_attributes, False),
        "GET /attributes": partial(reading.get_attributes, True),
        "POST /attribute": writing.post_attribute,
        "GET /attribute/{id}": reading.get_attribute,
        "PUT /attribute/{id}": writing.put_attribute,
        "DELETE /attribute/{id}": writing.delete_attribute,
        "GET /tracking": reading.get_tracking,
    },
    open_routes={"GET /oauth/authorize": access.authorize, "POST /oauth/access_token": access.access_token},
    identify=access.identify,
    refuse=access.refuse,
    seed=data.seed,
    insert=data.insert,
    invent=data.invent,
    settings=lambda account, _url: {"access_token": account.key},
    credentials=access.credentials,
)
