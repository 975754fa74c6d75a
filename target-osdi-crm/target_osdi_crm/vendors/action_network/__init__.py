"""Writing to Action Network: people, tags, actions, and what people did in them.

Action Network, API v2 (actionnetwork.org/docs/v2).
"""

from __future__ import annotations

from typing import Any

from osdi_crm_client.reading.slices import Slices
from osdi_crm_client.vendors import action_network as wire

from target_osdi_crm.consent import Channel
from target_osdi_crm.people_listing import Listing
from target_osdi_crm.vendor import Vendor
from target_osdi_crm.vendors.action_network.actions import Events, Messages, Outreaches, UniqueIdLists
from target_osdi_crm.vendors.action_network.people import People, hides_an_address
from target_osdi_crm.vendors.action_network.session import Group
from target_osdi_crm.vendors.action_network.settings import Settings
from target_osdi_crm.vendors.action_network.stream import ActionNetworkStream
from target_osdi_crm.vendors.action_network.tags import Taggings, Tags


def _action(name: str, kind: type[ActionNetworkStream] = ActionNetworkStream) -> ActionNetworkStream:
    """What people are invited to do."""
    return kind(
        name=name,
        path=name,
        required=("title", "origin_system"),
        optional_refers=("creator_person_id", "organizer_person_id"),
        match_keys=("identifier", "title"),
        default_match_keys=(),
    )


def _record(
    name: str,
    action: str,
    kind: type[ActionNetworkStream] = ActionNetworkStream,
    required: tuple[str, ...] = (),
    **more: Any,
) -> ActionNetworkStream:
    """What a person did in an action (a signature, a donation, …)."""
    parent = f"{action.removesuffix('s')}_id"
    return kind(
        name=name,
        path=f"{action}/{{{parent}}}/{name}",
        required=(parent, "person_id", *required),
        subject="person_id",
        match_keys=("identifier",),
        default_match_keys=(),
        **more,
    )


STREAMS = (
    People(
        name="people",
        path="people",
        idempotent=True,
        match_keys=("email", "phone", "identifier"),
        default_match_keys=("email", "phone"),
        outlives_merging=("identifier",),
        channels={
            "email": Channel(includes=("contact",), fields=("email_addresses",)),
            "phone": Channel(includes=("calls", "federal calls", "contact"), fields=("phone_numbers",)),
        },
        listing=Listing(
            reading=Slices,
            collection=lambda part: wire.collection(part.path, wanted=wire.changed(part.window)),
            path="people",
            page_size=wire.PAGE_SIZE,
            change_key="modified_date",
            hides=hides_an_address,
        ),
        consent_read_at_first=("emailstatus", "phonestatus"),
    ),
    Tags(
        name="tags",
        path="tags",
        holds=("taggings",),
        can_update=False,
        idempotent=True,
        required=("name",),
        match_keys=("name",),
    ),
    Taggings(
        name="taggings",
        path="tags/{tag_id}/taggings",
        can_update=False,
        can_delete=True,
        idempotent=True,
        required=("tag_id", "person_id"),
        subject="person_id",
    ),
    _action("petitions"),
    _action("events", Events),
    _action("forms"),
    _action("fundraising_pages"),
    _action("advocacy_campaigns"),
    _action("surveys"),
    _action("event_campaigns"),
    _record("signatures", "petitions", idempotent=True),
    _record("attendances", "events", idempotent=True),
    _record("submissions", "forms", idempotent=True),
    _record("donations", "fundraising_pages", required=("recipients",), can_update=False),
    _record("outreaches", "advocacy_campaigns", Outreaches),
    _record("responses", "surveys"),
    UniqueIdLists(
        name="unique_id_lists",
        path="unique_id_lists",
        required=("name",),
        refers={"unique_ids": "people"},
        match_keys=("name",),
        default_match_keys=(),
    ),
    Messages(
        name="messages",
        path="messages",
        required=("subject", "body", "from", "reply_to"),
        optional_refers=("creator_person_id", "wrapper_id"),
        match_keys=("name",),
        default_match_keys=(),
    ),
)

VENDOR = Vendor(
    name="action_network",
    streams={stream.name: stream for stream in STREAMS},
    people="people",
    settings=Settings,
    shaping=("identifier_prefix", "send_identifiers"),
    since={"unknown_custom_fields": "create"},
    session=Group,
)
