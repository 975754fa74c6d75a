"""Rally Congress: supporters since a time with their addresses and phones, campaigns and the forms of their actions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from osdi_crm_client import errors
from typing_extensions import override

from tap_osdi_crm.paginators import NextLinks, OnePage
from tap_osdi_crm.readings import OneByOne, Since, Sweep, Within
from tap_osdi_crm.resources import Parent, Part, Resource
from tap_osdi_crm.streams import VendorStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from osdi_crm_client.account import Account

    from tap_osdi_crm.shaping import Row
    from tap_osdi_crm.tap import TapOSDICRM

SETTINGS: dict[str, dict[str, Any]] = {
    "rally_congress_zipcode": {
        "type": "string",
        "title": "ZIP code of the targets",
        "description": "A ZIP code of 5 or 9 digits: campaign actions are read with the lawmakers of that place.",
    },
}

ACTION_TYPES = ("letter", "twitter", "phone", "petition", "facebook")

RESOURCES = (
    Resource(
        name="supporters",
        path="supporters",
        records="supporters",
        replication_key="updated_since",
        reading=Since,
        assumption="The vendor documents supporters and their filters, but not their path, the names of the paging"
        " parameters, nor those of the lists in an answer; these are assumed.",
    ),
    Resource(
        name="supporter_addresses",
        path="supporters",
        records="addresses",
        keys=("supporter_id", "position"),
        within="supporters",
        reading=Within,
    ),
    Resource(
        name="supporter_phones",
        path="supporters",
        records="phones",
        keys=("supporter_id", "position"),
        within="supporters",
        reading=Within,
    ),
    Resource(
        name="campaigns",
        path="campaigns/{id}",
        records="campaigns",
        keys=("campaignId",),
        reading=OneByOne,
        assumption="The vendor documents where campaigns are, but no name of a property in them; all are assumed.",
    ),
    Resource(
        name="campaign_actions",
        path="",
        keys=("campaignId", "actionType"),
        parents=("campaigns",),
        reading=Sweep,
        assumption="The vendor documents where the forms of actions are, but no name of a property in them, nor that a"
        " campaign lists its `actions`; all are assumed.",
    ),
)


class RallyCongressStream(VendorStream):
    """A stream of Rally Congress (rallycongress.com/docs/api)."""

    page_size: ClassVar[int] = 100
    overlap: ClassVar[float] = 86400
    pagings = frozenset({"none", "page"})

    @override
    def __init__(self, tap: TapOSDICRM, resource: Resource, account: Account) -> None:
        if resource.name == "campaigns" and "{id}" not in resource.path:
            resource = replace(resource, path=f"{resource.path.rstrip('/')}/{{id}}")
        super().__init__(tap, resource, account)
        self._listed: dict[str, Row] = {}

    @override
    def get_new_paginator(self) -> OnePage | NextLinks:
        if self.resource.paging == "none" or self.name == "campaign_actions":
            return OnePage()
        by_number = self.resource.paging == "page"
        return NextLinks(
            rows=self.rows,
            link=lambda body: None if by_number else _envelope(body).get("nextpageuri"),
            number=lambda body: _number(_envelope(body), "page"),
            is_last=self._is_last,
        )

    def _is_last(self, body: Any) -> bool:
        envelope = _envelope(body)
        numbers = [_number(envelope, name) for name in ("page", "pagesize", "totalResults")]
        if None in numbers:
            return self._single(envelope) is not None
        page, size, total = (number or 0 for number in numbers)
        return (page + 1) * size >= total

    def _single(self, envelope: Row) -> Row | None:
        """Return the one record that an answer is, alone or under its name."""
        one = envelope.get(self.name.removesuffix("s"), envelope)
        names = ("campaignId", "id", self.resource.key_name or "id")
        return one if isinstance(one, dict) and any(one.get(name) is not None for name in names) else None

    @override
    def rows(self, body: Any) -> list[Row]:
        """Return the records: in the list of their name, in the only one there is, or the answer itself.

        Raises:
            Garbled: If there is nothing of the kind.
        """
        envelope = _envelope(body)
        found: Any = envelope
        for name in self.resource.records.split("."):
            found = found.get(name) if isinstance(found, dict) and name else None
        if isinstance(found, list):
            return found
        if self.name == "campaign_actions":
            return [found if isinstance(found, dict) else envelope]
        if one := self._single(envelope):
            return [one]
        lists = [value for value in envelope.values() if isinstance(value, list)]
        if len(lists) == 1:
            return lists[0]
        raise errors.Garbled(
            f"the answer has no list of '{self.name}'; say with 'stream_overrides' where it stands",
            method="GET",
            path=self.resource.path,
        )

    @override
    def total(self, body: Any) -> int | None:
        return _number(_envelope(body), "totalResults")

    @override
    def query(self, part: Part, page: Any) -> dict[str, Any]:
        if part.parent:
            zipcode = self.config.get("rally_congress_zipcode")
            return {"zipcode": zipcode} if zipcode and self.name == "campaign_actions" else {}
        query = {
            self.resource.page_parameter or "page": page or 0,
            self.resource.size_parameter or "pagesize": self.page_size,
        }
        if part.window.since:
            query["updatedSince"] = f"{part.window.since:%Y-%m-%dT%H:%M:%SZ}"
        return query

    @override
    def fields(self, row: Row, part: Part) -> Row:
        """Return the record with its key; a campaign with what only the list says of it."""
        if self.name == "supporters":
            return {**row, "id": row.get(self.resource.key_name or "id")}
        if self.name == "campaign_actions" and part.parent:
            campaign, _, kind = part.parent.id.rpartition("/")
            return {**row, "campaignId": campaign, "actionType": kind, **self._asked_zipcode()}
        row = {**row, "campaignId": row.get(self.resource.key_name or "campaignId") or row.get("id")}
        if part.parent:
            return {**self._listed[part.parent.id], **{name: value for name, value in row.items() if value is not None}}
        self._listed[str(row["campaignId"])] = row
        return row

    def _asked_zipcode(self) -> Row:
        zipcode = self.config.get("rally_congress_zipcode")
        return {"zipcode": zipcode} if zipcode else {}

    @override
    def items(self, row: Row) -> Iterator[Row]:
        for position, item in enumerate(row.get(self.resource.records) or ()):
            yield {**item, "supporter_id": row["id"], "position": str(position)}

    @override
    def ids(self) -> Iterable[str]:
        """Return the ids of the current campaigns."""
        return dict.fromkeys(row["campaignId"] for rows in self.pages(Part(self._list_path)) for row in rows)

    @property
    def _list_path(self) -> str:
        """Where campaigns are listed, each of which stands below."""
        return self.resource.path.partition("/{id}")[0]

    @override
    def as_parents(self) -> Iterator[Parent]:
        """Yield every action of every current campaign; where the list does not tell them, all kinds there are."""
        for campaign in self.ids():
            actions = self._listed[campaign].get("actions")
            kinds = ACTION_TYPES if actions is None else [_kind(action) for action in actions]
            for kind in kinds:
                path = f"{self._list_path}/{quote(campaign, safe='')}/{kind}"
                yield Parent(self.name, f"{campaign}/{kind}", path, None)


def _envelope(body: Any) -> Row:
    """Return what stands around the records, unwrapped where it stands under `response` alone."""
    if isinstance(body, dict) and list(body) == ["response"]:
        body = body["response"]
    return body if isinstance(body, dict) else {"": body}


def _number(envelope: Row, name: str) -> int | None:
    """Return a number of the envelope, which may have come as text."""
    try:
        return int(envelope[name])
    except (KeyError, TypeError, ValueError):
        return None


def _kind(action: Any) -> str:
    return str(action.get("actionType") if isinstance(action, dict) else action)


STREAM = RallyCongressStream
