"""A stream of NationBuilder's generic form: a JSON:API resource with attributes and relationships."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client import errors
from osdi_crm_client.vendors import nationbuilder as wire
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.custom_fields import known
from target_osdi_crm.intake.values import fit, text_of
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Found, Order, Record, Shaped, Stream
from target_osdi_crm.vendors.nationbuilder.session import NAME, Nation, comparable, properties, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from osdi_crm_client.wire import RawRow

CREATED_SINCE = "filter[created_at][gte]"

_CUSTOM = "custom_"
"""What the columns begin with that stand for custom values."""

_CUSTOM_KINDS = {"checkbox": "boolean", "number": "number"}
"""Types of JSON by type of custom field, where it is not text."""


@dataclass(kw_only=True, eq=False)
class NationBuilderStream(Stream):
    """A stream of one nation.

    Attributes:
        told_by: What tells one record from another, where no match key does.
        totals: Properties that NationBuilder reckons from other records.
        custom_values_of: The kind of custom fields that its records have (custom_fields, `resource_type`).
        off: Switches that NationBuilder takes for on where a new record does not say, and that have it send mail.
    """

    told_by: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    custom_values_of: str | None = None
    off: tuple[str, ...] = ()
    session: Nation = field(init=False, repr=False)

    # Before a record is decided

    @override
    def shape(self, shaped: Shaped) -> None:
        given = shaped.values
        for name in list(given):
            if name.endswith(("_address", "_address_attributes")) and isinstance(given[name], dict):
                self._shape_address(name, given[name])
        if not self.session.own.write_totals:
            withhold(shaped, self.totals, "totals that NationBuilder keeps")
        if self.custom_values_of:
            _shape_custom_columns(shaped)
        self.shape_values(shaped)
        shaped.match_keys |= {key: [comparable(key, given[key])] for key in self.match_keys if given.get(key)}

    def _shape_address(self, name: str, address: Record) -> None:
        unknown = address.keys() - properties(self.name)[name]["properties"].keys()
        if unknown:
            raise Rejection("unknown_attributes", f"{name} has no {', '.join(sorted(unknown))}.")
        if (country := self.settings.default_country) and not address.get("delete"):
            address.setdefault("country_code", country)

    def shape_values(self, shaped: Shaped) -> None:
        """Apply the stream's own rules, once blanks, dates, addresses and totals are seen to."""

    def foreign_id_of(self, stream: str, source_key: str) -> str:
        """The external id under which a record of the source is found again."""
        return f"osdi-crm-{self.session.hash_of(stream, source_key)}"

    # While it is decided

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        there = self.session.search(self.name, {key: value})
        return [each for each in there if value in self.match_keys_of(each.record or {})[key]]

    @override
    def search_alike(self, order: Order) -> Sequence[Found]:
        return self.alike(order)

    def alike(self, order: Order) -> list[Found]:
        """The records that refer to the same, and cannot be told from the order by anything else.

        What would tell them and neither has does not: of several such, those count that hold all of the order.
        """
        wanted = {**order.values, **order.refers}
        wanted = {name: wanted[name] for name in self.told_by if wanted.get(name) is not None}
        references = {name for name in self.told_by if name.endswith("_id")}
        if not self.told_by or not references <= wanted.keys():
            return []
        filters = self.alike_filters({name: str(wanted[name]) for name in references}, order)
        if filters is None:
            return []
        there = self.session.search(self.name, filters)
        wanted |= dict.fromkeys(set(self.told_by) - wanted.keys())
        alike = [each for each in there if not verify.differences(wanted, each.record or {})]
        same = [each for each in alike if not self.differences(order, each.record or {})] if len(alike) > 1 else []
        return same or alike

    def alike_filters(self, references: dict[str, str], order: Order) -> dict[str, str] | None:  # noqa: ARG002
        """What to search by for records that refer to the same; None where there are none for sure."""
        return references

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        row = self.session.fetch(f"{self.path}/{vendor_id}", wire.record, params=self._extra_fields(order))
        return None if row is None else shown(self.name, row)

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look by what the vendor holds only once, or by what was made since and is just like it; never money."""
        earliest = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        if self.told_by:
            there: Sequence[Found] = self.alike(order)
        elif keyed := [key for key in self.default_match_keys if order.values.get(key)]:
            there = self.search(keyed[0], comparable(keyed[0], order.values[keyed[0]]))
        elif self.subject or "created_at" not in properties(self.name):
            return None
        else:
            made = (Found(each["id"], each) for each in self.session.read_all(self.path, {CREATED_SINCE: earliest}))
            there = [each for each in made if not self.differences(order, each.record or {})]
        return [each for each in there if _made_since(each.record or {}, earliest)]

    @override
    def require(self, action: str, order: Order) -> None:
        order.values, left = self._with_known_fields(order.values)
        order.notes.extend(left)
        given = order.values.get("custom_values")
        if given and self.custom_values_of:
            types = self.session.custom_fields(self.custom_values_of)
            fitting = {slug: _fitting(slug, types[slug], value) for slug, value in given.items()}
            order.values = {**order.values, "custom_values": fitting}
        super().require(action, order)

    def _with_known_fields(self, values: Record) -> tuple[Record, list[str]]:
        """Values with custom values by the nation's slugs, and what is left out: an unknown one would fail the call."""
        given = values.get("custom_values")
        if not given or not self.custom_values_of:
            return values, []
        types = self.session.custom_fields(self.custom_values_of)
        found, left = known(given, types, self.session.own.unknown_custom_fields)
        others = {name: value for name, value in values.items() if name != "custom_values"}
        return {**others, "custom_values": found} if found else others, left

    # When it is sent

    @override
    def create(self, order: Order) -> Record:
        try:
            return self.send("POST", self.path, order, self.document(order, "create"), repeatable=self.idempotent)
        except errors.Refused as refused:
            if refused.status != 422 or not (there := self._in_the_way(order, refused)):
                raise
            return self.update(there.id, order, None) if self.can_update else there.record or {}

    def _in_the_way(self, order: Order, refused: errors.Refused) -> Found | None:
        """The record in the way of a new one, if there is just one; it may be too new to be found at once."""
        there = self._search_in_the_way(order)
        if not there and any(word in refused.words for word in ("taken", "already")):
            time.sleep(self.account.index_lag)
            there = self._search_in_the_way(order)
        return there[0] if len(there) == 1 else None

    def _search_in_the_way(self, order: Order) -> Sequence[Found]:
        there: Sequence[Found] = self.alike(order)
        for key in self.default_match_keys:
            if not there and order.values.get(key):
                there = self.search(key, comparable(key, order.values[key]))
        return there

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        document = self.document(order, "update")
        document["data"]["id"] = vendor_id
        return self.send("PATCH", f"{self.path}/{vendor_id}", order, document, repeatable=True)

    @override
    def delete(self, vendor_id: str | None, order: Order) -> bool:
        """Delete a record (released.yaml, "DELETE /…/{id}")."""
        return vendor_id is not None and self.session.delete(f"{self.path}/{vendor_id}")

    def document(self, order: Order, operation: osdi_crm_schemas.Operation) -> Record:
        """The body of a write (jsonapi.org/format, "Creating Resources"; "API v2 Core Concepts")."""
        names = osdi_crm_schemas.write_names(NAME, self.name, operation)
        attributes = dict.fromkeys(self.off, False) if operation == "create" else {}
        attributes |= {names[name]: value for name, value in order.values.items() if name in names}
        relationships: Record = {}
        for name, given in order.refers.items():
            if name not in names:
                continue
            prop = properties(self.name)[name]
            if link := prop.get("x-link"):
                relationships[link] = {"data": {"type": prop["x-refers-to"], "id": given}}
            else:
                attributes[names[name]] = given
        data: Record = {"type": self.name, "attributes": attributes}
        if relationships:
            data["relationships"] = relationships
        return {"data": data}

    def send(self, method: str, path: str, order: Order, document: Record, *, repeatable: bool) -> Record:
        """Send a document and return the record in the answer.

        Raises:
            Garbled: If it shows none.
        """

        def written(body: Any) -> Record:
            row = _written(body)
            if row is None:
                raise errors.Garbled("the answer shows no record", method=method, path=path, status=200)
            return shown(self.name, row)

        params = self._extra_fields(order)
        return self.session.ask(method, path, written, params=params, json=document, repeatable=repeatable)

    def _extra_fields(self, order: Order) -> dict[str, str]:
        """Ask for what was sent and is shown to those only who ask ("API v2: Using parameters")."""
        wanted = [name for name in order.values if properties(self.name).get(name, {}).get("x-extra-field")]
        return wire.extra_fields(self.name, wanted)

    # Reading a record as the vendor shows it

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return {key: [comparable(key, record[key])] if record.get(key) else [] for key in self.match_keys}

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        names = osdi_crm_schemas.vendor_names(NAME, self.name)
        values, _ = self._with_known_fields(order.values)
        unlike = verify.differences({names[name]: each for name, each in values.items() if name in names}, record)
        for name, given in order.refers.items():
            if name in names and name in record and str(record[name]) != str(given):
                unlike.append(name)
        return unlike


def _shape_custom_columns(shaped: Shaped) -> None:
    """Gather the columns that stand for custom values, by their slugs."""
    columns = [name for name in shaped.unknown if name.lower().startswith(_CUSTOM) and len(name) > len(_CUSTOM)]
    custom = {name[len(_CUSTOM) :]: fit(name, shaped.unknown.pop(name), {}) for name in columns}
    if custom:
        given = shaped.values.get("custom_values") or {}
        twice = [slug for slug in custom if given.get(slug, custom[slug]) != custom[slug]]
        shaped.withheld += [f"{_CUSTOM}{slug} beside custom_values" for slug in twice]
        shaped.values["custom_values"] = custom | given


def _written(body: Any) -> RawRow | None:
    """The record in an answer to a write."""
    data = body.get("data") if isinstance(body, dict) else None
    return wire.flat(data) if isinstance(data, dict) and data.get("id") else None


def withhold(shaped: Shaped, names: Collection[str], words: str) -> None:
    """Leave properties out, and say so where the record has one."""
    given = [name for name in names if name in shaped.values or name in shaped.refers]
    for name in given:
        shaped.values.pop(name, None)
        shaped.refers.pop(name, None)
    if given:
        shaped.withheld.append(words)


def _made_since(record: Record, earliest: str) -> bool:
    at = record.get("created_at")
    return at is None or bool(verify.normal(at) >= verify.normal(earliest))


def _fitting(slug: str, field_type: str, value: Any) -> Any:
    """A custom value as its field takes it: true or false, a number, or text.

    Raises:
        Rejection: If it cannot be made so.
    """
    if value is None:
        return None
    if kind := _CUSTOM_KINDS.get(field_type):
        return fit(f"custom_values.{slug}", value, {"type": [kind]})
    return text_of(value) if field_type in {"text", "multiple_choice"} else value
