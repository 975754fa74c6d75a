"""Action Network: people and actions in slices of time, what people did below each action, tags and lists whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from osdi_crm_client.reading.counted import CountedSweep
from osdi_crm_client.reading.slices import Slices
from osdi_crm_client.reading.source import Counter
from osdi_crm_client.reading.sweep import Sweep
from osdi_crm_client.reading.whole import Whole
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.vendors import action_network as wire
from osdi_crm_client.wire import RawRow
from typing_extensions import override

from tap_osdi_crm.resources import Resource
from tap_osdi_crm.source import Source

if TYPE_CHECKING:
    from osdi_crm_client.reading.source import Part
    from osdi_crm_client.wire import Collection


@settings
class Settings:
    """The tap's settings for Action Network."""

    taggings_of: tuple[str, ...] = setting(
        "Tags to read taggings of",
        "Names of the tags whose taggings are read, or `*` for all. They cannot be filtered by time, so every run reads"
        " them all, 25 a call.",
        default=(),
    )
    items_of: tuple[str, ...] = setting(
        "Lists to read items of",
        "Titles of the lists whose items are read, or `*` for all. They cannot be filtered by time, so every run reads"
        " them all, 25 a call.",
        default=(),
    )


def for_model(own: Settings) -> Settings:
    """Return the settings with what the shared model needs: the taggings of all tags, unless some are named."""
    return replace(own, taggings_of=own.taggings_of or ("*",))


class ActionNetworkSource(Source):
    """A resource of Action Network (actionnetwork.org/docs/v2)."""

    page_size = wire.PAGE_SIZE
    envelope = wire.ENVELOPE
    link_id = staticmethod(wire.link_id)

    @override
    def collection(self, part: Part) -> Collection:
        return wire.collection(part.path, wanted=wire.changed(part.window))

    @override
    def fields(self, row: RawRow, part: Part) -> RawRow:
        """Return the record with its id, and the person's under the name that it has elsewhere."""
        row["id"] = wire.id_of(row)
        if "action:person_id" in row:
            row.setdefault("action_network:person_id", row.pop("action:person_id"))
        return row


def _changing(name: str, **more: Any) -> Resource:
    return Resource(name=name, path=name, replication_key="modified_date", reading=Slices, **more)


def _children(name: str, parent: str, counter: Counter) -> Resource:
    return Resource(
        name=name,
        path=name,
        replication_key="modified_date",
        parents=(parent,),
        counter=counter,
        reading=CountedSweep,
    )


def _is_accepted(attendance: RawRow) -> bool:
    return attendance.get("status", "accepted") in ("accepted", "attended")


def _whole(name: str) -> Resource:
    return Resource(name=name, path=name, reading=Whole)


def _embed(_: Source, row: RawRow, part: Part) -> RawRow:
    """Return the embed codes with the action whose they are; they have no id."""
    parent = part.parent
    return RawRow({**row, "action_type": parent.stream, "action_id": parent.id}) if parent else row


RESOURCES = (
    _changing("people"),
    _changing("petitions"),
    _changing("events", also_below=("event_campaigns",)),
    _changing("forms"),
    _changing("fundraising_pages"),
    _changing("advocacy_campaigns"),
    _changing("surveys"),
    _changing("event_campaigns"),
    _changing("campaigns"),
    _changing("donations"),
    _children("signatures", "petitions", Counter("total_signatures")),
    _children("attendances", "events", Counter("total_accepted", counts=_is_accepted)),
    _children("submissions", "forms", Counter("total_submissions")),
    _children("outreaches", "advocacy_campaigns", Counter("total_outreaches")),
    _children("responses", "surveys", Counter("total_responses")),
    _whole("tags"),
    Resource(
        name="taggings",
        path="taggings",
        keys=("tag_id", "id"),
        parents=("tags",),
        parent_key="tag_id",
        chosen_by="taggings_of",
        reading=Sweep,
    ),
    _whole("lists"),
    Resource(
        name="list_items",
        path="items",
        keys=("list_id", "id"),
        parents=("lists",),
        parent_key="action_network:list_id",
        chosen_by="items_of",
        reading=Sweep,
    ),
    _whole("messages"),
    _whole("queries"),
    _whole("wrappers"),
    _whole("unique_id_lists"),
    Resource(name="custom_fields", path="metadata/custom_fields", keys=("name",), reading=Whole),
    Resource(name="metadata", path="metadata", keys=("name",), reading=Whole),
    Resource(
        name="embeds",
        path="embed",
        keys=("action_type", "action_id"),
        parents=(
            *("petitions", "events", "forms", "fundraising_pages"),
            *("advocacy_campaigns", "event_campaigns", "surveys"),
        ),
        fields=_embed,
        reading=Sweep,
        is_default=False,
    ),
)

SOURCE = ActionNetworkSource
