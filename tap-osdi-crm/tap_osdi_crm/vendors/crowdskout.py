"""Crowdskout: the ids of a segment first, then profile by profile; interactions are streams from the same reads."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, quote

import osdi_crm_schemas
from osdi_crm_client import errors
from typing_extensions import override

from tap_osdi_crm.paginators import NumberedPages, Offsets, OnePage
from tap_osdi_crm.readings import OneByOne, Sweep, Whole, Within
from tap_osdi_crm.resources import Parent, Part, Resource
from tap_osdi_crm.streams import VendorStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_osdi_crm.shaping import Row

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

SETTINGS: dict[str, dict[str, Any]] = {
    "crowdskout_segment_query": {
        "type": "string",
        "default": EVERYBODY,
        "title": "Segment",
        "description": "Which profiles are read, in Crowdskout's query language; by default all that have a name.",
    },
    "crowdskout_collections": {
        "type": "array",
        "items": {"type": "string", "enum": list(COLLECTIONS)},
        "title": "Collections",
        "description": "The collections that are read into profiles. Without it all that describe the person but"
        " PaymentCards, Votes and VoterRegistrations; interactions are streams of their own.",
    },
    "crowdskout_options_of": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "title": "Fields to read options of",
        "description": "Names of the fields whose options are read, such as Gender; AddressCity?AddressRegion=14 for"
        " those that depend on the option of another field.",
    },
}

RESOURCES = (
    Resource(name="profiles", path="profile/{id}", reading=OneByOne),
    *(
        Resource(
            name=name,
            path="profile/{id}",
            records=collection,
            keys=("profile_id", "id"),
            within="profiles",
            reading=Within,
        )
        for name, collection in INTERACTIONS.items()
    ),
    Resource(
        name="attributes",
        path="attribute",
        records="data.list",
        reading=Whole,
        assumption="The documentation lists them at attribute, a published client at attributes; the first is assumed.",
    ),
    Resource(name="field_options", path="options", keys=("field", "id"), reading=Sweep),
)


class CrowdskoutStream(VendorStream):
    """A stream of Crowdskout (github.com/crowdskout/slate)."""

    page_size: ClassVar[int] = 100
    pagings = frozenset({"none", "page", "offset"})

    @override
    def get_new_paginator(self) -> OnePage | NumberedPages:
        if self.name != "attributes" or self.resource.paging == "none":
            return OnePage()
        pages = NumberedPages if self.resource.paging == "page" else Offsets
        return pages(page_size=lambda _: 1, rows=self.rows, total=self.total, next_link=lambda _: None)

    @override
    def rows(self, body: Any) -> list[Row]:
        """Return the records: the one of a profile, the list of attributes, or the options of a field.

        Raises:
            Garbled: If the attributes are not where they are thought to be.
        """
        if self.name == "attributes":
            found = body
            for name in self.resource.records.split("."):
                found = found.get(name) if isinstance(found, dict) else None
            if isinstance(found, list):
                return found
            raise errors.Garbled(
                "the answer has no list of 'attributes'; say with 'stream_overrides' where it stands",
                method=self.http_method,
                path=self.resource.path,
            )
        data = body["data"]
        if self.name == "profiles":
            return [data]
        return [{**option, "collection": data.get("collection")} for option in data["options"]]

    @override
    def total(self, body: Any) -> int | None:
        """Return how many attributes there are; what comes on one page has no total."""
        data = body["data"]
        total = data.get("total") if isinstance(data, dict) else None
        return None if total is None else int(total)

    @override
    def query(self, part: Part, page: Any) -> dict[str, Any]:
        if self.name == "profiles":
            return {"collections": self._asked}
        if self.name == "attributes" and self.resource.paging == "none":
            return {}
        if self.name == "attributes":
            by, first = ("page", 1) if self.resource.paging == "page" else ("offset", 0)
            return {
                self.resource.size_parameter or "limit": self.page_size,
                self.resource.page_parameter or by: page or first,
            }
        return _dependency(part)

    @cached_property
    def _chosen(self) -> frozenset[str]:
        return frozenset(self.config.get("crowdskout_collections") or set(COLLECTIONS) - UNASKED)

    @cached_property
    def _for_inner(self) -> frozenset[str]:
        """The collections that are read because of the streams within this one alone."""
        return frozenset(stream.resource.records for stream in self.inner) - self._chosen

    @cached_property
    def _asked(self) -> str:
        return ",".join(sorted(self._chosen | self._for_inner))

    @override
    def fields(self, row: Row, part: Part) -> Row:
        if self.name == "profiles":  # the documentation's example and its tables spell these two differently
            if "Independent Unsubscribes" in row:
                row["IndependentUnsubscribes"] = row.pop("Independent Unsubscribes")
            for item in row.get("Attributes") or ():
                if "AttributeID" in item:
                    item["AttributeId"] = item.pop("AttributeID")
        if self.name == "attributes" and self.resource.key_name:
            row["id"] = row.get(self.resource.key_name)
        if self.name == "field_options" and part.parent:
            [(name, option)] = _dependency(part).items() or [(None, None)]
            value = row["id"]
            return {
                **row,
                "id": str(value).lower() if isinstance(value, bool) else value,
                "field": part.parent.id.partition("?")[0],
                "dependency_field": name,
                "dependency_id": option,
            }
        return row

    @override
    def items(self, row: Row) -> Iterator[Row]:
        for item in row.get(self.resource.records) or ():
            yield {**item, "profile_id": row["id"]}

    @override
    def post_process(self, row: Row, context: Any = None) -> Row:
        """Leave out of a profile what was read because of the streams within it alone."""
        for collection in self._for_inner:
            row.pop(collection, None)
        return row

    @override
    def parents(self) -> Iterable[Parent]:
        """Options hang on the fields that the setting names."""
        wanted = self.config.get("crowdskout_options_of") or []
        if not wanted:
            self.logger.warning(
                "Stream 'field_options' reads nothing: the setting 'crowdskout_options_of' names nothing to read."
            )
        return [Parent("", each, f"fields/{quote(each.partition('?')[0])}", None) for each in dict.fromkeys(wanted)]

    @override
    def ids(self) -> Iterable[str]:
        """Return the ids of all profiles of the segment, which the vendor hands out in batches.

        Raises:
            Garbled: If they were fewer than the vendor counts, again and again: a scan that dies looks like its end.
        """
        for _ in range(TRIES):
            found, total = self._scan()
            if len(found) >= total or self.is_test:
                return found
            self.logger.warning("The scan of the segment gave %d of %d profiles.", len(found), total)
        raise errors.Garbled(
            f"the scan of the segment gave {len(found)} of {total} profiles, {TRIES} times; run again",
            method="PUT",
            path="/segment/scan",
        )

    def _scan(self) -> tuple[set[str], int]:
        """Return the ids of one scan, and the highest of its totals: one that has died may have forgotten it."""
        found: set[str] = set()
        total = 0
        query = {"query": self.config["crowdskout_segment_query"]}
        while True:
            data = self.account.call("PUT", "segment/scan", params=query, repeatable=True).json()["data"]
            before = len(found)
            found.update(map(str, data["profileIds"]))
            total = max(total, int(data["total"]))
            if len(found) == before or self.is_test:
                return found, total
            query["token"] = data["scrollId"]


def _dependency(part: Part) -> dict[str, str]:
    """Return the option of another field that narrows those of the part's field, as a query."""
    return dict(parse_qsl(part.parent.id.partition("?")[2])) if part.parent else {}


STREAM = CrowdskoutStream
