"""Writing to Crowdskout: profiles with their collections of items, and the attributes that an account defines.

Crowdskout, API v1 (github.com/crowdskout/slate).
"""

from __future__ import annotations

from target_osdi_crm.consent import Channel, Keeps
from target_osdi_crm.vendor import Vendor
from target_osdi_crm.vendors.crowdskout.attributes import Attributes
from target_osdi_crm.vendors.crowdskout.profiles import Profiles
from target_osdi_crm.vendors.crowdskout.settings import Settings

STREAMS = (
    Profiles(
        name="profiles",
        path="profile",
        read_before_update=True,
        batched=True,
        refers={"attribute_ids": "attributes"},
        match_keys=("external_id", "any_external_id"),
        default_match_keys=("external_id",),
        channels={
            "email": Channel(Keeps.OPT_OUTS, asks=False, includes=("contact",)),
            "phone": Channel(Keeps.OPT_OUTS, asks=False, includes=("contact",)),
            "calls": Channel(Keeps.OPT_OUTS, asks=False, includes=("federal calls", "contact")),
        },
    ),
    Attributes(
        name="attributes",
        path="attribute",
        can_delete=True,
        read_before_update=True,
        required=("name", "type"),
        match_keys=("name",),
    ),
)

VENDOR = Vendor(
    name="crowdskout",
    streams={stream.name: stream for stream in STREAMS},
    people="profiles",
    settings=Settings,
    deletes_parts=True,
)
