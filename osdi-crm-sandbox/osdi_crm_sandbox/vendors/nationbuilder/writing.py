"""POST, PATCH, DELETE and push: documents with sideposted records, written together or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Call, Refusal
from osdi_crm_sandbox.vendors.nationbuilder.errors import Flaw, Invalid, bad_document, flat, invalid
from osdi_crm_sandbox.vendors.nationbuilder.filters import moment
from osdi_crm_sandbox.vendors.nationbuilder.queries import parse
from osdi_crm_sandbox.vendors.nationbuilder.reading import allowed, answer_one, custom_fields, json_api
from osdi_crm_sandbox.vendors.nationbuilder.resources import ADDRESS_KEYS, KINDS, Attribute, Kind, Relation
from osdi_crm_sandbox.vendors.nationbuilder.rules import complete
from osdi_crm_sandbox.vendors.nationbuilder.transactions import Draft, Transaction

if TYPE_CHECKING:
    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

METHODS = (None, "create", "update", "destroy", "disassociate")
PUSH_KEYS = ("civicrm_id", "county_file_id", "dw_id", "external_id", "email", "ngp_id", "salesforce_id", "van_id")
"""What push finds a signup by, the first that finds one wins; an e-mail is looked for in all slots."""


# Documents


@dataclass
class Document:
    """The body of a write, or a record beside it.

    Attributes:
        kind: of its record.
        sent: its attributes, in the form in which they are stored.
        relationships: what they point to, by name; a list where several.
        included: the records beside it by type and id or temp-id.
        flaws: what it names that is not there or not of the right type.
    """

    kind: Kind
    sent: Record = field(default_factory=dict)
    relationships: dict[str, Any] = field(default_factory=dict)
    included: dict[tuple[str, str], Document] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)

    def beside(self, kind: Kind, link: Record) -> Document | None:
        """The included record that a link points to."""
        return self.included.get((kind.name, str(link.get("temp-id", link.get("id")))))


def read_data(call: Call, kind: Kind, key: str | None) -> Record:
    """The `data` of the body, of this type and id.

    Raises:
        Refusal: it is not.
    """
    data = call.given.get("data")
    if not isinstance(data, dict) or not data.get("type"):
        raise Refusal(400, "The body must be an object with data, which has a type")
    if data["type"] != kind.name:
        raise Refusal(409, f"data.type is {data['type']}, the resource is {kind.name}")
    if ("id" in data) is (key is None):
        raise Refusal(400, f"data.id {'cannot' if key is None else 'must'} be given")
    if key is not None and str(data["id"]) != key:
        raise Refusal(409, f"data.id is {data['id']}, the resource is {key}")
    return data


def _document(call: Call, kind: Kind, key: str | None) -> Document:
    data = read_data(call, kind, key)
    included: dict[tuple[str, str], Document] = {}
    beside = call.given.get("included") or []
    if not isinstance(beside, list) or not all(isinstance(entry, dict) for entry in beside):
        raise Refusal(400, "included must be a list of objects")
    document = _part(kind, data, included, "data")
    for place, entry in enumerate(beside):
        if entry.get("type") not in KINDS:
            raise Refusal(400, f"included.{place}.type is not a known type")
        name = str(entry.get("temp-id", entry.get("id")))
        included[entry["type"], name] = _part(KINDS[entry["type"]], entry, included, f"included.{place}")
    flaws = [flaw for part in (document, *included.values()) for flaw in part.flaws]
    if flaws:
        raise bad_document(flaws)
    return document


def _part(kind: Kind, data: Record, included: dict[tuple[str, str], Document], place: str) -> Document:
    attributes, relationships = data.get("attributes") or {}, data.get("relationships") or {}
    if not isinstance(attributes, dict) or not isinstance(relationships, dict):
        raise Refusal(400, f"{place}.attributes and {place}.relationships must be objects")
    document = Document(kind, included=included)
    for name, block in relationships.items():
        if not isinstance(block, dict) or "data" not in block:
            raise Refusal(400, f"{place}.relationships.{name} must have data")
        document.relationships[name] = block["data"]
        words = _wrong_link(kind.relations.get(name), block["data"])
        document.flaws += [Flaw(name, words, "invalid", f"{place}.relationships.{name}")] if words else []
    for name, value in attributes.items():
        attribute = kind.attributes.get(name)
        if attribute is None:
            flaw = ("is an unknown attribute", "unknown_attribute")
        elif attribute.access not in ("rw", "wo"):
            flaw = ("cannot be written", "unwritable_attribute")
        else:
            try:
                document.sent[name] = None if value is None else _typed(attribute, value)
                continue
            except (TypeError, ValueError, InvalidOperation):
                flaw = (f"should be type {TYPES.get(attribute.kind, attribute.kind)}", "type_error")
        document.flaws.append(Flaw(name, *flaw, f"{place}.attributes.{name}"))
    return document


def _wrong_link(relation: Relation | None, data: Any) -> str | None:
    """What is wrong with what a relationship points to."""
    if relation is None:
        return "is not a valid relationship"
    if isinstance(data, list) is not relation.many:
        return f"should be {'a list' if relation.many else 'one object'}"
    for link in _links(data):
        if not isinstance(link, dict) or link.get("type") != relation.to:
            return f"should be of type {relation.to}"
        if link.get("method") not in METHODS:
            return "has an unknown method"
        if not link.get(needed := "temp-id" if link.get("method") == "create" else "id"):
            return f"should have {needed}"
    return None


def _links(data: Any) -> list[Any]:
    return data if isinstance(data, list) else [data] if data is not None else []


TYPES = {"id": "integer_id", "decimal": "big_decimal", "object": "hash", "address": "hash"}


def _typed(attribute: Attribute, value: Any) -> Any:
    """A value as it is stored.

    Raises:
        TypeError: of another type.
        ValueError: not of the type's form.
    """
    if attribute.kind == "id":
        return _number_of(value)
    if attribute.kind == "decimal" and isinstance(value, str | int | float) and not isinstance(value, bool):
        return f"{Decimal(str(value)):.2f}"
    if attribute.kind in ("object", "address") and isinstance(value, dict):
        return _address(value) if attribute.kind == "address" else value
    python = {"string": str, "datetime": str, "date": str, "integer": int, "boolean": bool}.get(attribute.kind)
    if python is None or not isinstance(value, python) or (python is int and isinstance(value, bool)):
        raise TypeError
    if attribute.kind == "datetime":
        return moment(str(value))
    return date.fromisoformat(str(value)).isoformat() if attribute.kind == "date" else value


def _number_of(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(r"\d+", text):
        raise TypeError
    return text


def _address(value: Record) -> Record:
    parts = {name: part for name, part in value.items() if name != "delete"}
    if parts.keys() - {*ADDRESS_KEYS} or not isinstance(value.get("delete", False), bool):
        raise ValueError
    if not all(part is None or isinstance(part, str) for part in parts.values()):
        raise TypeError
    return value


# Saving


def _save(
    transaction: Transaction, document: Document, key: str | None, *, forced: Record | None = None, beside: bool = False
) -> str:
    """Writes a document's record and those beside it; its id.

    Args:
        transaction: what it is part of.
        document: the record.
        key: of the record to change.
        forced: the key to the record it is sideposted with.
        beside: it is sideposted.

    Raises:
        Invalid: one of them cannot be so.
    """
    kind = document.kind
    old = transaction.get(kind.name, key) if key else None
    readable = {name for name, one in kind.attributes.items() if one.access == "rw" and name != "custom_values"}
    stored = {name: value for name, value in document.sent.items() if name in readable}
    draft = Draft(transaction, kind, old, {**(old or {}), **stored, **(forced or {})}, document.sent, beside)
    _merge(draft)
    relations = [(kind.relations[name], data) for name, data in document.relationships.items()]
    gone: list[tuple[str, str]] = []
    for relation, data in relations:
        if relation.kind == "one":
            draft.new[relation.key] = _point(draft, document, relation, data, gone)
    saved = complete(draft)
    for relation, data in relations:
        if relation.kind != "one":
            for link in _links(data):
                _attach(transaction, document, saved, relation, link)
    for name, other in gone:
        transaction.remove(name, other)
    return saved


def _merge(draft: Draft) -> None:
    """Addresses and custom values go into what is there; an address may be deleted."""
    for name, value in draft.sent.items():
        if draft.kind.attributes[name].kind == "address" and value is not None:
            into = name.removesuffix("_attributes")
            kept = {**(draft.new.get(into) or {}), **{part: value[part] for part in value if part != "delete"}}
            draft.new[into] = None if value.get("delete") else kept
    if isinstance(draft.sent.get("custom_values"), dict):
        fields = custom_fields(draft.transaction.account, draft.kind)
        merged = dict(draft.new.get("custom_values") or {})
        for slug, value in draft.sent["custom_values"].items():
            try:
                merged[slug] = None if value is None else _custom_value(fields[slug], value)
            except (TypeError, ValueError):
                draft.refuse("custom_values", f"{slug} is not a valid {fields[slug].get('field_type')}", "invalid")
        draft.new["custom_values"] = merged


def _custom_value(custom_field: Record, value: Any) -> Any:
    """A value of a custom field.

    Raises:
        TypeError: of another type.
        ValueError: no number, or none of the choices.
    """
    kind = custom_field.get("field_type")
    if kind == "checkbox":
        if not isinstance(value, bool):
            raise TypeError
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    if kind == "number":
        return round(float(value), 8)
    if kind == "multiple_choice" and value not in (custom_field.get("options") or {}).values():
        raise ValueError
    return str(value)


def _check_slugs(account: Account, document: Document) -> None:
    for part in (document, *document.included.values()):
        given = part.sent.get("custom_values")
        for slug in given if isinstance(given, dict) else ():
            if slug not in custom_fields(account, part.kind):
                raise flat(400, "invalid_custom_field", f"Custom field '{slug}' does not exist")


def _point(
    draft: Draft, document: Document, relation: Relation, link: Record | None, gone: list[tuple[str, str]]
) -> str | None:
    """The id that a to-one relationship leads to after the call."""
    if link is None or link.get("method") == "disassociate":
        return None
    kind, method = KINDS.get(relation.to), link.get("method")
    if method == "destroy":
        gone.append((relation.to, str(link["id"])))
        return None
    if method == "create" and kind is not None:
        return _sidepost(draft.transaction, document, relation, link)
    if draft.transaction.get(relation.to, link.get("id")) is None:
        draft.refuse(relation.name, "must exist", "blank")
        return None
    if method == "update" and kind is not None and document.beside(kind, link):
        _sidepost(draft.transaction, document, relation, link)
    return str(link["id"])


def _sidepost(
    transaction: Transaction, document: Document, relation: Relation, link: Record, owner: str | None = None
) -> str:
    """Writes the record that a link points to; one that has its owner's key gets it."""
    kind = KINDS[relation.to]
    key = None if link.get("method") == "create" else str(link["id"])
    forced = {relation.key: owner} if relation.kind in ("child", "children") and key is None else {}
    other = document.beside(kind, link) or Document(kind, included=document.included)
    try:
        return _save(transaction, other, key, forced=forced, beside=True)
    except Invalid as error:
        raise error.beside((relation.name, key, kind.name)) from error


def _attach(transaction: Transaction, document: Document, key: str, relation: Relation, link: Record) -> None:
    """Does what a link of a to-many relationship says."""
    kind, method = KINDS[relation.to], link.get("method")
    other = str(link.get("id"))
    if method == "create":
        other = _sidepost(transaction, document, relation, link, key)
    elif transaction.get(kind.name, other) is None:
        raise Invalid([Flaw(relation.name, "must exist", "blank")])
    if method == "destroy":
        transaction.remove(kind.name, other)
    elif relation.kind == "joined":
        _join(transaction, relation, key, other, apart=method == "disassociate")
    elif method == "disassociate":
        transaction.change(kind.name, other, **{relation.key: None})
    elif method in (None, "update"):
        transaction.change(kind.name, other, **{relation.key: key})
    if method == "update" and document.beside(kind, link):
        _sidepost(transaction, document, relation, link)


def _join(transaction: Transaction, relation: Relation, key: str, other: str, *, apart: bool) -> None:
    pair = {relation.own: key, relation.key: other}
    joined = transaction.find(relation.through, **pair)
    if apart:
        for join in joined:
            transaction.remove(relation.through, join)
    elif not joined:
        transaction.add(relation.through, pair)


# Calls


def create(call: Call) -> Response:
    """POST /{type}."""
    return _write(call, allowed(call, "create"), None)


def update(call: Call) -> Response:
    """PATCH /{type}/{id}."""
    return _write(call, allowed(call, "update"), call.params["id"])


def push(call: Call) -> Response:
    """PATCH /signups/push: 200 for a signup that was found, 201 for a new one."""
    return _write(call, KINDS["signups"], None, pushed=True)


def _write(call: Call, kind: Kind, key: str | None, *, pushed: bool = False) -> Response:
    query = parse(call, kind, listing=False)
    if key is not None:
        call.record(kind.name, key)
    document = _document(call, kind, key)
    _check_slugs(call.account, document)
    transaction = Transaction(call.account)
    if pushed:
        key = _match(transaction, document.sent)
    try:
        saved = _save(transaction, document, key)
    except Invalid as error:
        transaction.undo()
        raise invalid(error.flaws) from error
    except Refusal:
        transaction.undo()
        raise
    if key is None and kind.name == "petitions":
        query = replace(query, include={"page": {}, **query.include})
    return answer_one(call, kind, saved, query, 201 if key is None else 200)


def _match(transaction: Transaction, sent: Record) -> str | None:
    for name in PUSH_KEYS:
        if sent.get(name):
            found = transaction.find("signups", **{"with_email_address" if name == "email" else name: sent[name]})
            if found:
                return found[0]
    return None


def delete(call: Call) -> Response:
    """DELETE /{type}/{id}: for good, with what cannot be without it."""
    kind = allowed(call, "delete")
    call.record(kind.name)
    Transaction(call.account).remove(kind.name, call.params["id"])
    return json_api({"meta": {}})
