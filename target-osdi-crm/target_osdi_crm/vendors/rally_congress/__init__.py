"""Writing to Rally Congress: supporters, and letters to lawmakers where that is allowed.

Rally Congress, API v3 (rallycongress.com/docs/api).
"""

from __future__ import annotations

from target_osdi_crm.consent import Channel, Keeps
from target_osdi_crm.vendor import Vendor
from target_osdi_crm.vendors.rally_congress.letters import Letters
from target_osdi_crm.vendors.rally_congress.settings import Settings
from target_osdi_crm.vendors.rally_congress.stream import NAME
from target_osdi_crm.vendors.rally_congress.supporters import Supporters

STREAMS = (
    Supporters(
        name="supporters",
        path="supporters",
        required=("email",),
        match_keys=("customId", "email"),
        delivery_words=("hardbounce", "softbounce", "dnsfail"),
        channels={
            "email": Channel(includes=("contact",), fields=("email",)),
            "phone": Channel(Keeps.NOTHING, includes=("calls", "federal calls", "contact"), fields=("phones",)),
        },
    ),
    Letters(
        name="messages",
        path="campaigns/{campaignId}/{actionType}",
        can_update=False,
        required=("campaignId", "actionType"),
    ),
)

VENDOR = Vendor(
    name=NAME,
    streams={stream.name: stream for stream in STREAMS},
    people="supporters",
    settings=Settings,
)
