"""Crowdskout: the ids of a segment first, then profile by profile; interactions are streams from the same reads."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

import osdi_crm_schemas
from osdi_crm_client import errors
from osdi_crm_client.reading.one_by_one import OneByOne
from osdi_crm_client.reading.source import Parent
from osdi_crm_client.reading.sweep import Sweep
from osdi_crm_client.reading.whole import Whole
from osdi_crm_client.reading.within import Within
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.vendors import crowdskout as wire
from osdi_crm_client.wire import RawRow
from typing_extensions import override

from tap_osdi_crm.resources import Resource
from tap_osdi_crm.source import Source, logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from osdi_crm_client.reading.source import Part
    from osdi_crm_client.wire import Collection

INTERACTIONS = {
    "conversations": "Conversations",
    "donations": "Donations",
    "email_sends": "EmailSends",
    "event_attendances": "EventAttendances",
    "event_registrations": "EventRegistrations",
    "independent_unsubscribes": "IndependentUnsubscribes",
    "knocks": "Knocks",
    "meetings": "Meetings",
    "one_on_ones": "OneOnOnes",
    "page_views": "PageViews",
    "phone_calls": "PhoneCalls",
    "submissions": "Submissions",
    "texts": "Texts",
    "voter_registration_interactions": "VoterRegistrationInteractions",
}
"""By stream, the collection of a profile that holds its records."""

COLLECTIONS = tuple(
    name for name in osdi_crm_schemas.schema("crowdskout", "profiles")["properties"] if name[0].isupper()
)
"""Every collection of a profile."""

UNASKED = frozenset({"PaymentCards", "Votes", "VoterRegistrations", *INTERACTIONS.values()})
"""Collections that are read into profiles only where the setting names them."""

EVERYBODY = '(NameExists = "Yes")'

TRIES = 3
"""How often a scan is made before it is given up."""


@settings
class Settings:
    """The tap's settings for Crowdskout."""

    segment_query: str = setting(
        "Segment",
        "Which profiles are read, in Crowdskout's query language; by default all that have a name.",
        default=EVERYBODY,
    )
    collections: tuple[str, ...] = setting(
        "Collections",
        "The collections that are read into profiles. Without it all that describe the person but PaymentCards, Votes"
        " and VoterRegistrations; interactions are streams of their own.",
        default=(),
        items={"type": "string", "enum": list(COLLECTIONS)},
    )
    options_of: tuple[str, ...] = setting(
        "Fields to read options of",
        "Names of the fields whose options are read, such as Gender; AddressCity?AddressRegion=14 for those that depend"
        " on the option of another field.",
        default=(),
    )


def for_model(own: Settings) -> Settings:
    """Return the settings with what the shared model needs: who opted out, and what came back of e-mails."""
    chosen = own.collections or (*(name for name in COLLECTIONS if name not in UNASKED),)
    return replace(own, collections=(*chosen, "EmailSends", "IndependentUnsubscribes"))


class CrowdskoutSource(Source):
    """A resource of Crowdskout (github.com/crowdskout/slate)."""

    pagings = frozenset({"none", "page", "offset"})

    @cached_property
    def _chosen(self) -> frozenset[str]:
        return frozenset(self.own.collections or set(COLLECTIONS) - UNASKED)

    @cached_property
    def _for_inner(self) -> frozenset[str]:
        """The collections that are read because of the streams within this one alone."""
        return frozenset(resource.records for resource in self.inner) - self._chosen

    @cached_property
    def _asked(self) -> frozenset[str]:
        return self._chosen | self._for_inner

    def profile(self, part: Part) -> Collection:
        """Return the profile that a part is, with the collections that are wanted."""
        return wire.profile(part.path, self._asked)

    @override
    def without_inner(self, row: RawRow) -> RawRow:
        return RawRow({name: value for name, value in row.items() if name not in self._for_inner})

    def attributes(self, part: Part) -> Collection:
        """Return the attributes of the account, read as the settings say."""
        row = self.resource
        return wire.attributes(
            part.path,
            method=row.method,
            paging=row.paging or "offset",
            page_parameter=row.page_parameter,
            size_parameter=row.size_parameter or "limit",
            records=row.records,
        )

    def attribute(self, row: RawRow, _: Part) -> RawRow:
        """Return an attribute with its id, wherever the settings say that it stands."""
        if self.resource.key_name:
            row["id"] = row.get(self.resource.key_name)
        return row

    def fields_with_options(self) -> list[Parent]:
        """Return the fields whose options are read, as parents of them."""
        wanted = dict.fromkeys(self.chosen())
        return [Parent("", each, f"fields/{quote(each.partition('?')[0])}", None) for each in wanted]

    def options(self, part: Part) -> Collection:
        """Return the options of the field that a part is."""
        return wire.options(part.path, _dependency(part))

    def option(self, row: RawRow, part: Part) -> RawRow:
        """Return an option with its field, and with the option of another field that it goes with."""
        if part.parent is None:
            return row
        [(name, other)] = _dependency(part).items() or [(None, None)]
        value = row["id"]
        return RawRow(
            {
                **row,
                "id": str(value).lower() if isinstance(value, bool) else value,
                "field": part.parent.id.partition("?")[0],
                "dependency_field": name,
                "dependency_id": other,
            }
        )

    def interactions(self, profile: RawRow) -> Iterator[RawRow]:
        """Yield the items of this resource in a profile."""
        for item in profile.get(self.resource.records) or ():
            yield RawRow({**item, "profile_id": profile["id"]})

    def segment(self) -> Iterable[str]:
        """Return the ids of all profiles of the segment, which the vendor hands out in batches.

        Raises:
            Garbled: If they were fewer than the vendor counts, again and again: a scan that dies looks like its end.
        """
        for _ in range(TRIES):
            found, total = self._scan()
            if len(found) >= total or self.sources.is_test():
                return found
            logger.warning("The scan of the segment gave %d of %d profiles.", len(found), total)
        raise errors.Garbled(
            f"the scan of the segment gave {len(found)} of {total} profiles, {TRIES} times; run again",
            method="PUT",
            path=f"/{wire.SCAN}",
        )

    def _scan(self) -> tuple[set[str], int]:
        """Return the ids of one scan, and the highest of its totals: one that has died may have forgotten it."""
        found: set[str] = set()
        total = 0
        query = {"query": self.own.segment_query}
        while True:
            batch = wire.batch(self.account.call("PUT", wire.SCAN, params=query, repeatable=True).json())
            before = len(found)
            found.update(batch.ids)
            total = max(total, batch.total)
            if len(found) == before or self.sources.is_test():
                return found, total
            query["token"] = batch.token


def _dependency(part: Part) -> dict[str, str]:
    """Return the option of another field that narrows those of the part's field, as a query."""
    return dict(parse_qsl(part.parent.id.partition("?")[2])) if part.parent else {}


RESOURCES = (
    Resource(
        name="profiles",
        path="profile/{id}",
        collection=CrowdskoutSource.profile,
        ids=CrowdskoutSource.segment,
        reading=OneByOne,
    ),
    *(
        Resource(
            name=name,
            path="profile/{id}",
            records=collection,
            keys=("profile_id", "id"),
            within="profiles",
            items=CrowdskoutSource.interactions,
            reading=Within,
        )
        for name, collection in INTERACTIONS.items()
    ),
    Resource(
        name="attributes",
        path="attribute",
        records="data.list",
        collection=CrowdskoutSource.attributes,
        fields=CrowdskoutSource.attribute,
        reading=Whole,
        assumption="The documentation lists them at attribute, a published client at attributes; the first is assumed.",
    ),
    Resource(
        name="field_options",
        path="options",
        keys=("field", "id"),
        collection=CrowdskoutSource.options,
        fields=CrowdskoutSource.option,
        find_parents=CrowdskoutSource.fields_with_options,
        chosen_by="options_of",
        reading=Sweep,
    ),
)

SOURCE = CrowdskoutSource
