"""Tags, and who carries them; a tagging may name its tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from target_osdi_crm.intake.values import text_of
from target_osdi_crm.vendors.nationbuilder.stream import NationBuilderStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_osdi_crm.vendor import Found, Order, Record, Shaped


class Tags(NationBuilderStream):
    """Tags, known by their names."""

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        shown = self.session.search(self.name, {key: value}) or self.session.search(self.name, {f"{key}][match": value})
        return [each for each in shown if value in self.match_keys_of(each.record or {})[key]]


class Taggings(NationBuilderStream):
    """Who carries a tag."""

    @override
    def shape_values(self, shaped: Shaped) -> None:
        """Take a tag by its name where its id is not given."""
        names = [shaped.unknown.pop(name) for name in ("tag", "tag_name") if name in shaped.unknown]
        if names and not shaped.refers.get("tag_id"):
            shaped.values["tag_name"] = text_of(names[0]).strip()

    @override
    def search_alike(self, order: Order) -> Sequence[Found]:
        """Nothing: one that exists is refused as taken, which costs less than to look."""
        return ()

    @override
    def lacking(self, order: Order) -> list[str]:
        named = bool(order.values.get("tag_name"))
        return [name for name in super().lacking(order) if not (named and name == "tag_id")]

    @override
    def create(self, order: Order) -> Record:
        self._name_tag(order)
        return super().create(order)

    @override
    def delete(self, vendor_id: str | None, order: Order) -> bool:
        if vendor_id is None:
            self._name_tag(order)
            there = self.alike(order)
            if not there:
                return False
            vendor_id = there[0].id
        return self.session.delete(f"{self.path}/{vendor_id}")

    def _name_tag(self, order: Order) -> None:
        """Find the tag that a tagging names, or make it."""
        if name := order.values.get("tag_name"):
            order.refers = {**order.refers, "tag_id": self.session.tag_id(name)}
