"""Attributes, which an account defines, with their options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osdi_crm_client import paging
from osdi_crm_client.errors import NotFound
from osdi_crm_client.vendors import crowdskout as wire
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.listing import ListedStream
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendors.crowdskout.stream import CrowdskoutStream, deletion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from target_osdi_crm.vendor import Found, Order, Record, Shaped


class Attributes(ListedStream, CrowdskoutStream):
    """Attributes, known by their names."""

    @override
    def shape(self, shaped: Shaped) -> None:
        values = shaped.values
        if values.get("name"):
            shaped.match_keys["name"] = [values["name"]]
        if options := values.get("options"):
            given = [{"value": each["value"], **deletion(each)} for each in options if each and each.get("value")]
            values["options"] = self.without_deletions(given, "options", shaped)

    @override
    def read_all(self) -> list[Record]:
        """All attributes, at the path of the document or, where that is none, at the one of a published client."""
        for path in ("attribute", "attributes"):
            try:
                rows = paging.rows(self.account, wire.attributes(path))
                return list({each["id"]: each for each in rows}.values())
            except NotFound:
                if path == "attributes":
                    raise
        raise AssertionError

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        return self.search_anew("name", order.values["name"])

    @override
    def create(self, order: Order) -> Record:
        """Create an attribute; never again where the answer is lost."""
        values = dict(order.values)
        if options := values.get("options"):
            values["options"] = [each for each in options if not each.get("delete")]
        return self.listed(self.send("POST", self.path, values))

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        return self.listed(super().update(vendor_id, order, current))

    @override
    def delete(self, vendor_id: str | None, order: Order) -> bool:
        """Delete an attribute (github.com/crowdskout/slate, "Delete Attribute")."""
        return vendor_id is not None and self.session.delete(f"{self.path}/{vendor_id}")

    @override
    def changes(self, order: Order, current: Record) -> Record:
        """The name, the options that the attribute lacks, and those it is to lose; those it has keep their ids."""
        if current.get("locked"):
            raise Rejection("locked", "The attribute is locked: neither users nor calls can change it.")
        known = {verify.normal(each.get("value")): each.get("id") for each in current.get("options") or ()}
        body = {name: order.values[name] for name in ("name",) if name in order.values}
        if options := order.values.get("options"):
            named = [{"id": known.get(verify.normal(each["value"]), 0), **each} for each in options]
            body["options"] = [each for each in named if each["id"] or not each.get("delete")]
        return body

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return {"name": [record["name"]]} if record.get("name") else {}

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        options = order.values.get("options") or ()
        shown = {verify.normal(each.get("value")) for each in record.get("options") or ()}
        unlike = verify.differences({k: v for k, v in order.values.items() if k != "options"}, record)
        there = [(verify.normal(each["value"]) in shown, bool(each.get("delete"))) for each in options]
        return unlike + ["options"] * ((False, False) in there) + ["options to be deleted"] * ((True, True) in there)
