"""Pages, and what stands on one: events and petitions, which are made with theirs, and suggestion boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import osdi_crm_schemas
from typing_extensions import override

from target_osdi_crm.intake.values import key
from target_osdi_crm.rejects import REFERENCE, Rejection
from target_osdi_crm.vendors.nationbuilder.session import NAME, properties
from target_osdi_crm.vendors.nationbuilder.stream import NationBuilderStream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from target_osdi_crm.vendor import Found, Order, Record, Shaped

_BASIC = "Basic"


class OnSite(NationBuilderStream):
    """What belongs to one of the nation's sites: the one that it names, or the only one."""

    @override
    def require(self, action: str, order: Order) -> None:
        super().require(action, order)
        if action == "create" and self.makes_page(order) and not self.site(order):
            raise Rejection(
                "which_site",
                f"The nation has {len(self.session.sites())} sites, and the record names none of them. Set 'site_id' to"
                " one of the nation's, with 'ids_are_this_accounts'.",
            )

    def makes_page(self, order: Order) -> bool:  # noqa: ARG002
        """Whether a record is a page, or brings the page that it stands on."""
        return True

    def site(self, order: Order) -> str | None:
        """The site that a page is made on."""
        given = (order.values.get("page") or {}).get("site_id") or order.refers.get("site_id")
        if given:
            return str(given)
        sites = self.session.sites()
        return sites[0] if len(sites) == 1 else None

    @override
    def document(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        document = super().document(order, operation)
        attributes = document["data"]["attributes"]
        names = osdi_crm_schemas.write_names(NAME, self.name, operation)
        if operation == "create" and "site_id" in names and not attributes.get("site_id"):
            attributes["site_id"] = self.site(order)
        return document


class Pages(OnSite):
    """Pages; those of other types are made with the record that stands on them."""

    @override
    def foreign_id(self, source_key: str) -> str | None:
        return self.foreign_id_of(self.name, source_key)

    @override
    def shape_values(self, shaped: Shaped) -> None:
        """Leave the external ID of a page alone by which the record is found that stands on it."""
        if shaped.values.get("page_type_name", _BASIC) != _BASIC and shaped.values.pop("external_id", None):
            shaped.match_keys.pop("external_id", None)
            shaped.withheld.append("external_id, by which the record on the page is found")

    @override
    def search_alike(self, order: Order) -> Sequence[Found]:
        if order.values.get("page_type_name", _BASIC) == _BASIC:
            return ()
        return self.session.search(self.name, {"external_id": str(order.foreign_id)})

    @override
    def require(self, action: str, order: Order) -> None:
        kind = order.values.get("page_type_name", _BASIC)
        if action == "create" and kind != _BASIC:
            raise Rejection(
                "page_of_another_record",
                f"A page of the type {kind} is made with its event or petition, which is not written yet.",
                retry=REFERENCE,
            )
        super().require(action, order)

    @override
    def document(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        document = super().document(order, operation)
        attributes = document["data"]["attributes"]
        if attributes.get("page_type_name", _BASIC) != _BASIC:
            del attributes["page_type_name"]
        return document

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        kind = order.values.get("page_type_name", _BASIC)
        return [name for name in super().differences(order, record) if name != "page_type_name" or kind == _BASIC]


@dataclass(kw_only=True, eq=False)
class WithPage(OnSite):
    """What stands on a page of its own, made with it (released.yaml, "POST /events", "POST /petitions").

    Attributes:
        page_type: The page's type.
    """

    page_type: str

    @override
    def shape_values(self, shaped: Shaped) -> None:
        """Gather what is said of the page, in `page_…` or in `page`."""
        page: Record = {}
        for name in list(shaped.unknown):
            part = name.removeprefix("page_")
            if part != name and _can_be_written(part):
                page[part] = shaped.unknown.pop(name)
            elif name == "page" and isinstance(shaped.unknown[name], dict):
                page |= shaped.unknown.pop(name)
        if unknown := [name for name in page if not _can_be_written(name)]:
            raise Rejection("unknown_attributes", f"A page has no {', '.join(sorted(unknown))}.")
        if not self.settings.ids_are_this_accounts:
            known_as = shaped.refers.pop("page_id", key("page_id", shaped.unwritable.get("page_id")))
            if known_as:
                page.setdefault("external_id", self.foreign_id_of("pages", known_as))
        if page:
            shaped.values["page"] = page

    @override
    def foreign_id(self, source_key: str) -> str | None:
        return self.foreign_id_of(self.name, source_key)

    @override
    def search_alike(self, order: Order) -> Sequence[Found]:
        """Search for the record on the page that was made with it."""
        pages = self.session.search("pages", {"external_id": _external_id(order)})
        return [each for page in pages for each in self.session.search(self.name, {"page_id": page.id})]

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        return self.search_alike(order)

    @override
    def makes_page(self, order: Order) -> bool:
        return not order.refers.get("page_id")

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        document = self.document(order, "update")
        data = document["data"]
        data["id"] = vendor_id
        if order.values.get("page") and (page := self._page_of(vendor_id, order, current)):
            link = {"type": "pages", "id": page, "method": "update"}
            data.setdefault("relationships", {})["page"] = {"data": link}
            attributes = {name: part for name, part in order.values["page"].items() if name != "external_id"}
            document["included"] = [{"type": "pages", "id": page, "attributes": attributes}]
        return self.send("PATCH", f"{self.path}/{vendor_id}", order, document, repeatable=True)

    def _page_of(self, vendor_id: str, order: Order, current: Record | None) -> str | None:
        shown = self.fetch(vendor_id, order) if current is None else current
        return (shown or {}).get("page_id")

    @override
    def document(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        document = super().document(order, operation)
        if operation == "create" and self.makes_page(order):
            document["data"].setdefault("relationships", {})["page"] = {
                "data": {"type": "pages", "temp-id": "page", "method": "create"}
            }
            document["included"] = [{"type": "pages", "temp-id": "page", "attributes": self._new_page(order)}]
        return document

    def _new_page(self, order: Order) -> Record:
        given = order.values.get("page") or {}
        names = (given.get("name"), given.get("title"), given.get("headline"), order.values.get("venue_name"))
        name = next((each for each in names if each), self.page_type)
        external_id = _external_id(order)
        return {
            "site_id": self.site(order),
            "name": name,
            "title": name,
            "headline": name,
            "slug": external_id,
            "status": "unlisted",
            "permission_level": "anyone",
            **given,
            "external_id": external_id,
            "page_type_name": self.page_type,
        }


def _can_be_written(name: str) -> bool:
    return bool(properties("pages").get(name, {}).get("x-write"))


def _external_id(order: Order) -> str:
    """The external id of the page that a record is made with."""
    return str((order.values.get("page") or {}).get("external_id") or order.foreign_id)
