"""Crowdskout API v1, as in github.com/crowdskout/slate of September 2020; facts.csv says what is assumed.

The traits are left out; which items are invalid stands in items.py (`clean`).
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
