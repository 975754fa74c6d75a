"""What NationBuilder answers: JSON:API documents, their links and includes, and both families of errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from osdi_crm_sandbox.vendor import Call, Record, answer
from osdi_crm_sandbox.vendors.nationbuilder.queries import Query, Tree, primary_address, related
from osdi_crm_sandbox.vendors.nationbuilder.resources import API, HERE, Attribute, Kind, Relation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account

JSON_API = "application/vnd.api+json"

ADDRESS_KEYS = (
    *("address1", "address2", "address3", "city", "county", "state", "zip", "country_code", "lat", "lng", "fips"),
    *("submitted_address", "distance", "import_id", "phone_number", "phone_country_code", "work_phone"),
    "work_phone_number",
)

UNDOCUMENTED: dict[str, Any] = {
    **dict.fromkeys(("active_customer_expires_at", "active_customer_started_at", "auto_import_id")),
    **dict.fromkeys(("first_invoice_at", "last_invoice_at", "mobile_number_normalized", "phone_number_normalized")),
    **dict.fromkeys(("support_probability_score", "turnout_probability_score")),
    **dict.fromkeys(("closed_invoices_amount_in_cents", "closed_invoices_count"), 0),
    **dict.fromkeys(("invoice_payments_amount_in_cents", "invoice_payments_referred_amount_in_cents"), 0),
    **dict.fromkeys(("invoices_amount_in_cents", "invoices_count", "outstanding_invoices_amount_in_cents"), 0),
    **dict.fromkeys(("outstanding_invoices_count", "overdue_invoices_count"), 0),
}
"""Attributes of signups that nations returned in 2024 and the description of v2 does not name."""

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    406: "not_acceptable",
    409: "conflict",
    422: "unprocessable_entity",
    500: "server_error",
    502: "bad_gateway",
    503: "service_unavailable",
}


class Rejected(Exception):
    """Raised by a handler to answer with an error that takes more words than status and message."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True)
class Flaw:
    """What is wrong with one attribute of a document.

    Attributes:
        attribute: its name.
        message: what follows the name in the text.
        code: such as "taken".
        label: the name in the text, where it is not the attribute's in words; it may be its path in the document.
        relationship: name, id and type of the sideposted record it belongs to.
    """

    attribute: str
    message: str
    code: str
    label: str | None = None
    relationship: tuple[str, str | None, str] | None = None

    def document(self, status: int, title: str) -> Record:
        """The flaw as an entry of "errors"."""
        meta: Record = {"attribute": self.attribute, "message": self.message, "code": self.code}
        if self.relationship:
            name, key, kind = self.relationship
            meta = {"relationship": {"name": name, "id": key, "type": kind, **meta}}
        label = human(self.attribute) if self.label is None else self.label
        place = label if label.startswith(("data.", "included.")) else f"data.attributes.{self.attribute}"
        return {
            "code": CODES[status],
            "status": str(status),
            "title": title,
            "detail": f"{label} {self.message}".strip(),
            "source": {"pointer": f"/{place.replace('.', '/')}"},
            "meta": meta,
        }


def human(name: str) -> str:
    """An attribute's name in words: "tag_id" is "Tag"."""
    return re.sub(r"_id$", "", name).replace("_", " ").capitalize()


def invalid(flaws: Iterable[Flaw]) -> Rejected:
    """422, the record is not valid."""
    errors = [flaw.document(422, "Validation Error") for flaw in flaws]
    return Rejected(answer({"errors": errors}, 422, JSON_API))


def bad_document(flaws: Iterable[Flaw]) -> Rejected:
    """400, the document asks for what is not there."""
    return Rejected(answer({"errors": [flaw.document(400, "Request Error") for flaw in flaws]}, 400))


def flat(status: int, code: str, message: str, **more: Any) -> Rejected:
    """An error of the other family."""
    return Rejected(answer({"code": code, "message": message, **more}, status))


def json_api(content: Any, status: int = 200) -> Response:
    """A JSON:API document."""
    return answer(content, status, JSON_API)


@lru_cache(maxsize=200_000)
def local(moment: int, zone: str) -> str:
    """A unix time on a nation's clock, such as 2024-09-20T12:32:55-07:00."""
    return datetime.fromtimestamp(moment, _zone(zone)).isoformat()


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def prefix(account: Account, url: str) -> str:
    """What stands before the resource in links; url is `Call.url`."""
    return (url if account.options["links"] == "absolute" else urlsplit(url).path) + API


class View:
    """One answer in the making.

    Attributes:
        included: what goes into "included", by type and id.
    """

    def __init__(self, account: Account, links: str, query: Query) -> None:
        self._account = account
        self._links = links
        self._query = query
        self._zone = account.options["time_zone"]
        self._columns: dict[str, tuple[list[Attribute], list[Relation]]] = {}
        self._slugs: dict[str, list[str]] = {}
        self.included: dict[tuple[str, str], Record] = {}

    def _shown(self, kind: Kind) -> tuple[list[Attribute], list[Relation]]:
        """The attributes and relationships that the sparse fieldset and the extra fields leave."""
        if kind.name not in self._columns:
            fields = self._query.fields.get(kind.name)
            extra = self._query.extra.get(kind.name, frozenset())
            attributes = [one for one in kind.served if fields is None or one.name in fields]
            attributes += [one for one in kind.extra if one.name in extra]
            relations = [one for one in kind.relations.values() if fields is None or one.name in fields]
            self._columns[kind.name] = attributes, relations
        return self._columns[kind.name]

    def show(self, kind: Kind, key: str, tree: Tree, *, primary: bool = False) -> Record:
        """A record as a resource object; what the tree names goes into `included`."""
        record = self._account.tables[kind.name].found(key)
        columns, relations = self._shown(kind)
        attributes: Record = {}
        for attribute in columns:
            value = record.get(attribute.name, attribute.default)
            if attribute.kind == "datetime":
                value = None if value is None else local(value, self._zone)
            elif attribute.kind == "object" and attribute.name == "custom_values":
                value = self._custom_values(kind, value)
            elif attribute.kind == "address":
                value = primary_address(record) if attribute.name == "primary_address" else value
                value = None if value is None else {name: value.get(name) for name in ADDRESS_KEYS}
            attributes[attribute.name] = value
        for name in record.get("_more", ()):
            attributes[name] = record["_more"][name]
        if kind.name == "signups" and self._account.options["undocumented"] and kind.name not in self._query.fields:
            attributes |= UNDOCUMENTED
        blocks = {one.name: self._block(one, key, record) for one in relations}
        if kind.name == "signups" and kind.name not in self._query.fields:
            href = f"{self._links}/signup_nations?filter[signup_id]={key}"
            blocks["signup_nations"] = {"links": {"related": href}}
        for name, branch in tree.items():
            block = blocks.setdefault(name, self._block(kind.relations[name], key, record))
            block.pop("meta", None)
            block["data"] = self._include(kind.relations[name], key, record, branch, paged=primary)
        return {"id": key, "type": kind.name, "attributes": attributes, "relationships": blocks}

    def _custom_values(self, kind: Kind, values: Record | None) -> Record | None:
        if kind.name not in self._slugs:
            label = {"signups": "Signup", "donations": "Donation"}[kind.name]
            fields = self._account.tables["custom_fields"].records.values()
            self._slugs[kind.name] = [field["slug"] for field in fields if field.get("resource_type") == label]
        values = {**dict.fromkeys(self._slugs[kind.name]), **(values or {})}
        if self._account.options["custom_numbers"] == "text":
            values = {slug: f"{value:g}" if isinstance(value, float) else value for slug, value in values.items()}
        return values or None

    def _block(self, relation: Relation, key: str, record: Record) -> Record:
        if relation.through:
            return {"meta": {"included": False}}
        if relation.child:
            name = relation.key.removeprefix("_")
            return {"links": {"related": f"{self._links}/{relation.to}?filter[{name}]={key}"}}
        other = record.get(relation.key)
        return {"links": {"related": None if other is None else f"{self._links}/{relation.to}/{other}"}}

    def _include(self, relation: Relation, key: str, record: Record, branch: Tree, *, paged: bool) -> Any:
        kind = HERE[relation.to]
        records = self._account.tables[kind.name].records
        others = related(self._account, relation, key, record)
        for one in self._query.nested.get(kind.name, ()):
            others = [other for other in others if one.test(records[other])]
        if paged and relation.many and kind.name in self._query.child_pages:
            number, size = self._query.child_pages[kind.name]
            others = others[(number - 1) * size : number * size]
        for other in others:
            known = self.included.get((kind.name, other))
            if known is None or branch:
                self.included[kind.name, other] = shown = self.show(kind, other, branch)
                for name, block in (known or shown)["relationships"].items():
                    shown["relationships"].setdefault(name, block)
                    shown["relationships"][name] |= {"data": block["data"]} if "data" in block else {}
        data = [{"type": kind.name, "id": other} for other in others]
        return data if relation.many else next(iter(data), None)

    def document(self, data: Any, links: Record, meta: Record) -> Record:
        """A whole document."""
        document = {"data": data}
        if self.included or self._query.include:
            document["included"] = list(self.included.values())
        return {**document, "links": links, "meta": meta}


def page_links(call: Call, query: Query, *, single: bool = False) -> Record:
    """Links of a page; `next` is there on the last one too, and on single records."""
    base = f"{prefix(call.account, call.url)}{call.path.removeprefix(API)}"

    def to(number: int) -> str:
        given = [(name, value) for name, value in call.query.items() if name not in ("page[number]", "access_token")]
        given = [(name, value) for name, value in given if name != "page[size]"]
        page = [("page[number]", str(number)), ("page[size]", str(query.size))]
        return f"{base}?" + "&".join(f"{name}={quote(value, safe='{},:')}" for name, value in [*given, *page])

    links = {"self": base if single else to(query.page)}
    if query.page > 1 and not single:
        links["prev"] = to(query.page - 1)
    links["next"] = to(query.page + 1)
    return links
