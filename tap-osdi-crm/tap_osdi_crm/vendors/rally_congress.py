"""Rally Congress: supporters since a time with their addresses and phones, campaigns and the forms of their actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from osdi_crm_client.reading.one_by_one import OneByOne
from osdi_crm_client.reading.since import Since
from osdi_crm_client.reading.source import Parent, Part
from osdi_crm_client.reading.sweep import Sweep
from osdi_crm_client.reading.within import Within
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.vendors import rally_congress as wire
from osdi_crm_client.wire import RawRow
from typing_extensions import override

from tap_osdi_crm.resources import Resource
from tap_osdi_crm.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from osdi_crm_client.wire import Collection


@settings
class Settings:
    """The tap's settings for Rally Congress."""

    zipcode: str | None = setting(
        "ZIP code of the targets",
        "A ZIP code of 5 or 9 digits: campaign actions are read with the lawmakers of that place.",
        default=None,
    )


ACTION_TYPES = ("letter", "twitter", "phone", "petition", "facebook")


class RallyCongressSource(Source):
    """A resource of Rally Congress (rallycongress.com/docs/api)."""

    page_size = wire.PAGE_SIZE
    overlap = 86400.0
    pagings = frozenset({"none", "page"})

    @override
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._list_path = self.path.partition("/{id}")[0].rstrip("/")
        self.path = f"{self._list_path}/{{id}}" if self.resource.ids else self.path
        self._campaigns: dict[str, RawRow] = {}
        self._keys = ("campaignId", "id", self.resource.key_name or "id")

    @override
    def collection(self, part: Part) -> Collection:
        row, since = self.resource, part.window.since
        if part.parent:
            return wire.one(part.path, name=self.name, records=row.records, keys=self._keys)
        return wire.collection(
            part.path,
            name=self.name,
            query={"updatedSince": f"{since:%Y-%m-%dT%H:%M:%SZ}"} if since else None,
            paging=row.paging or "link",
            page_parameter=row.page_parameter or "page",
            size_parameter=row.size_parameter or "pagesize",
            records=row.records,
            keys=self._keys,
        )

    def supporter(self, row: RawRow, _: Part) -> RawRow:
        """Return a supporter with its id, wherever the settings say that it stands."""
        row["id"] = row.get(self.resource.key_name or "id")
        return row

    def positioned(self, supporter: RawRow) -> Iterator[RawRow]:
        """Yield the entries of this resource in a supporter, with their place, for they have no id."""
        for position, item in enumerate(supporter.get(self.resource.records) or ()):
            yield RawRow({**item, "supporter_id": supporter["id"], "position": str(position)})

    def campaign_ids(self) -> Iterable[str]:
        """Return the ids of the current campaigns."""
        pages = self.pages(Part(self._list_path))
        return dict.fromkeys(self.own_id(row) for page in pages for row in page.rows)

    def campaign(self, row: RawRow, part: Part) -> RawRow:
        """Return a campaign with what only the list says of it."""
        row["campaignId"] = row.get(self.resource.key_name or "campaignId") or row.get("id")
        if part.parent is None:
            self._campaigns[str(row["campaignId"])] = row
            return row
        listed = self._campaigns[part.parent.id]
        return RawRow({**listed, **{name: value for name, value in row.items() if value is not None}})

    def actions(self) -> Iterator[Parent]:
        """Yield every action of every current campaign; where the list does not tell them, all kinds there are."""
        for campaign in self.campaign_ids():
            actions = self._campaigns[campaign].get("actions")
            kinds = ACTION_TYPES if actions is None else [wire.action_type(action) for action in actions]
            for kind in kinds:
                path = f"{self._list_path}/{quote(campaign, safe='')}/{kind}"
                yield Parent(self.name, f"{campaign}/{kind}", path, None)

    def form(self, part: Part) -> Collection:
        """Return the form of the action that a part is."""
        return wire.form(part.path, query=self._zipcode(), records=self.resource.records)

    def action(self, row: RawRow, part: Part) -> RawRow:
        """Return the form of an action with its key, and the place that it was asked for."""
        if part.parent is None:
            return row
        campaign, _, kind = part.parent.id.rpartition("/")
        return RawRow({**row, "campaignId": campaign, "actionType": kind, **self._zipcode()})

    def _zipcode(self) -> dict[str, str]:
        return {"zipcode": self.own.zipcode} if self.own.zipcode else {}


RESOURCES = (
    Resource(
        name="supporters",
        path="supporters",
        records="supporters",
        replication_key="updated_since",
        fields=RallyCongressSource.supporter,
        reading=Since,
        assumption="The vendor documents supporters and their filters, but not their path, the names of the paging"
        " parameters, nor those of the lists in an answer; these are assumed.",
    ),
    *(
        Resource(
            name=f"supporter_{records}",
            path="supporters",
            records=records,
            keys=("supporter_id", "position"),
            within="supporters",
            items=RallyCongressSource.positioned,
            reading=Within,
        )
        for records in ("addresses", "phones")
    ),
    Resource(
        name="campaigns",
        path="campaigns/{id}",
        records="campaigns",
        keys=("campaignId",),
        fields=RallyCongressSource.campaign,
        ids=RallyCongressSource.campaign_ids,
        as_parents=RallyCongressSource.actions,
        reading=OneByOne,
        assumption="The vendor documents where campaigns are, but no name of a property in them; all are assumed.",
    ),
    Resource(
        name="campaign_actions",
        path="",
        keys=("campaignId", "actionType"),
        parents=("campaigns",),
        collection=RallyCongressSource.form,
        fields=RallyCongressSource.action,
        reading=Sweep,
        assumption="The vendor documents where the forms of actions are, but no name of a property in them, nor that a"
        " campaign lists its `actions`; all are assumed.",
    ),
)

SOURCE = RallyCongressSource
