"""NationBuilder: sorted and filtered by time of change or id, with the fields that it shows to those only who ask."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client import errors
from osdi_crm_client.reading.keyset import Keyset
from osdi_crm_client.reading.sweep import Sweep
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.vendors import nationbuilder as wire
from osdi_crm_client.wire import RawRow
from typing_extensions import override

from tap_osdi_crm.resources import Resource
from tap_osdi_crm.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_client.reading.source import Part
    from osdi_crm_client.wire import Collection, Page


@settings
class Settings:
    """The tap's settings for NationBuilder."""

    extra_fields: tuple[str, ...] = setting(
        "NationBuilder extra fields",
        "Names of the fields to read that NationBuilder leaves out unless asked, such as home_address or body_html, in"
        " every stream that has them; `*` for all. They make pages heavier.",
        default=(),
    )


def for_model(own: Settings) -> Settings:
    """Return the settings with what the shared model needs: the addresses, which are given to those only who ask."""
    properties = osdi_crm_schemas.schema("nationbuilder", "signups")["properties"]
    needed = [name for name, prop in properties.items() if prop.get("x-extra-field") and "x-osdi" in prop]
    return replace(own, extra_fields=tuple(dict.fromkeys((*own.extra_fields, *needed))))


class NationBuilderSource(Source):
    """A resource of NationBuilder (nationbuilder.com/api/v2/docs/v2/released.yaml)."""

    page_size = wire.PAGE_SIZE
    envelope = wire.ENVELOPE
    link_id = staticmethod(wire.link_id)

    @override
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        wanted = frozenset(self.own.extra_fields)
        if unknown := wanted - _all_extra_fields() - {"*"}:
            raise errors.ConfigurationError(
                f"The setting 'nationbuilder_extra_fields' names '{min(unknown)}', which no stream has; there are"
                f" {', '.join(sorted(_all_extra_fields()))}."
            )
        own = _extra_fields(self.name)
        self._extra = own if "*" in wanted else [name for name in own if name in wanted]
        self._is_counted = True

    @override
    def collection(self, part: Part) -> Collection:
        if part.is_sorted:
            return wire.sorted_collection(
                part.path, key=self.change_key, window=part.window, ids=part.ids, shown=self._shown
            )
        if part.parent:
            light = {"fields[signups]": "created_at"}
            return wire.collection(part.path, query=light, counted=self._is_counted)
        return wire.collection(part.path, shown=self._shown, counted=self._is_counted)

    @property
    def _shown(self) -> dict[str, str]:
        """What to ask for of records: what is selected, relationships for keys that have no property of their own."""
        wanted, extra = self.wanted, self._extra
        if wanted is None:
            return wire.extra_fields(self.name, extra)
        properties = ((name, node) for name, node in self.properties.items() if name in wanted and name != "id")
        names = [str(node.get("x-link") or node.get("x-vendor-name", name)) for name, node in properties]
        extra = [name for name in extra if name in names]
        return wire.sparse_fields(self.name, set(names) - {*_extra_fields(self.name)}) | wire.extra_fields(
            self.name, extra
        )

    @override
    def pages(self, part: Part) -> Iterator[Page]:
        """Yield the pages, without totals where they are refused: they are documented for collections in general."""
        counted = self._is_counted  # another list's refusal may change it while this one is asked for
        try:
            yield from super().pages(part)
        except errors.Refused as refusal:
            if refusal.status != 400 or part.is_sorted or not counted:
                raise
            self._is_counted = False
            yield from super().pages(part)

    @override
    def position(self, row: RawRow, part: Part) -> Any:
        return wire.position(part.path, self.change_key if part.ids is None and self.change_key else "id", row)


def _extra_fields(stream: str) -> list[str]:
    properties = osdi_crm_schemas.schema("nationbuilder", stream)["properties"]
    return [name for name, prop in properties.items() if prop.get("x-extra-field")]


@cache
def _all_extra_fields() -> frozenset[str]:
    return frozenset(name for resource in RESOURCES for name in _extra_fields(resource.name))


def _changing(name: str) -> Resource:
    return Resource(name=name, path=name, replication_key="updated_at", reading=Keyset)


def _growing(name: str) -> Resource:
    """A resource whose records have no time of change; they are rarely changed once made."""
    return Resource(name=name, path=name, replication_key="created_at", reading=Keyset)


def _whole(name: str) -> Resource:
    return Resource(name=name, path=name, reading=Keyset)


RESOURCES = (
    _changing("signups"),
    _whole("signup_tags"),
    _growing("signup_taggings"),
    _whole("signup_profiles"),
    _changing("custom_fields"),
    _growing("contacts"),
    _changing("donations"),
    _changing("donation_tracking_codes"),
    _changing("pledges"),
    _changing("memberships"),
    _changing("membership_types"),
    _changing("lists"),
    Resource(
        name="list_signups",
        path="signups",
        keys=("list_id", "signup_id"),
        parents=("lists",),
        parent_key="list_id",
        fields=lambda _, row, __: RawRow({"signup_id": row["id"]}),
        reading=Sweep,
    ),
    _changing("paths"),
    _changing("path_steps"),
    _changing("path_journeys"),
    _changing("path_journey_status_changes"),
    _changing("path_histories"),
    _whole("events"),
    _changing("event_rsvps"),
    _whole("event_ticket_levels"),
    _whole("petitions"),
    _changing("petition_signatures"),
    _whole("pages"),
    _whole("sites"),
    _changing("surveys"),
    _changing("survey_questions"),
    _changing("survey_question_possible_responses"),
    _changing("survey_question_responses"),
    _changing("suggestion_boxes"),
    _changing("suggestions"),
    _changing("relationships"),
    _whole("precincts"),
    _whole("voters"),
    _changing("elections"),
    _whole("ballots"),
    _changing("mailings"),
    _changing("broadcasters"),
    _changing("imports"),
    _whole("automations"),
    _growing("automation_enrollments"),
)

SOURCE = NationBuilderSource
