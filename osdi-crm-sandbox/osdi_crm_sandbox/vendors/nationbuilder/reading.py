"""What NationBuilder answers: collections, single records and the members of a list, as JSON:API documents."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from osdi_crm_sandbox.vendor import Call, Refusal, answer, public
from osdi_crm_sandbox.vendors.nationbuilder.errors import JSON_API
from osdi_crm_sandbox.vendors.nationbuilder.filters import primary_address
from osdi_crm_sandbox.vendors.nationbuilder.queries import Query, Tree, choose, parse
from osdi_crm_sandbox.vendors.nationbuilder.resources import (
    ADDRESS_KEYS,
    API,
    HERE,
    KINDS,
    OWNER,
    UNDOCUMENTED,
    Attribute,
    Kind,
    Relation,
    comparable,
)
from osdi_crm_sandbox.vendors.nationbuilder.transactions import Transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

CUSTOM_FIELDS_OF = {"signups": "Signup", "donations": "Donation"}
"""The type of resource that custom fields name."""


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


def _prefix(account: Account, url: str) -> str:
    """What stands before the resource in links; url is `Call.url`."""
    return (url if account.options["links"] == "absolute" else urlsplit(url).path) + API


def custom_fields(account: Account, kind: Kind) -> dict[str, Record]:
    """The custom fields of a resource by slug."""
    label = CUSTOM_FIELDS_OF.get(kind.name)
    records = account.tables["custom_fields"].records.values()
    return {record["slug"]: record for record in records if record.get("resource_type") == label}


def related(account: Account, relation: Relation, key: str, record: Record) -> list[str]:
    """The ids at the other end of a record's relationship."""
    table = account.tables[relation.to]
    if relation.kind == "joined":
        joins = account.tables[relation.through]
        found = [joins.records[join][relation.key] for join in joins.find(relation.own, comparable("id", key))]
    elif relation.kind == "one":
        found = [record[relation.key]] if record.get(relation.key) is not None else []
    else:
        found = table.find(relation.key, comparable("id", key))
    return sorted((other for other in found if other in table.records), key=int)


class View:
    """One answer in the making.

    Attributes:
        included: what goes into "included", by type and id.
    """

    def __init__(self, account: Account, url: str, query: Query) -> None:
        self._account = account
        self._links = _prefix(account, url)
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
        attributes |= record.get("_more", {})
        blocks = {one.name: self._block(one, key, record) for one in relations}
        if kind.name == "signups" and kind.name not in self._query.fields:
            if self._account.options["undocumented"]:
                attributes |= UNDOCUMENTED
            href = f"{self._links}/signup_nations?filter[signup_id]={key}"
            blocks["signup_nations"] = {"links": {"related": href}}
        for name, branch in tree.items():
            block = blocks.setdefault(name, self._block(kind.relations[name], key, record))
            block.pop("meta", None)
            block["data"] = self._include(kind.relations[name], key, record, branch, paged=primary)
        return {"id": key, "type": kind.name, "attributes": attributes, "relationships": blocks}

    def _custom_values(self, kind: Kind, values: Record | None) -> Record | None:
        if kind.name not in self._slugs:
            self._slugs[kind.name] = list(custom_fields(self._account, kind))
        values = {**dict.fromkeys(self._slugs[kind.name]), **(values or {})}
        if self._account.options["custom_numbers"] == "text":
            values = {slug: f"{value:g}" if isinstance(value, float) else value for slug, value in values.items()}
        return values or None

    def _block(self, relation: Relation, key: str, record: Record) -> Record:
        if relation.kind == "joined":
            return {"meta": {"included": False}}
        if relation.kind != "one":
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
        included = {"included": list(self.included.values())} if self.included or self._query.include else {}
        return {"data": data, **included, "links": links, "meta": meta}


def _page_links(call: Call, query: Query, *, single: bool = False) -> Record:
    """Links of a page; `next` is there on the last one too, and on single records."""
    base = f"{_prefix(call.account, call.url)}{call.path.removeprefix(API)}"
    own = ("page[number]", "page[size]", "access_token")
    given = [(name, value) for name, value in call.query.items() if name not in own]

    def to(number: int) -> str:
        page = [("page[number]", str(number)), ("page[size]", str(query.size))]
        return f"{base}?" + "&".join(f"{name}={quote(value, safe='{},:')}" for name, value in [*given, *page])

    links = {"self": base if single else to(query.page)}
    if query.page > 1 and not single:
        links["prev"] = to(query.page - 1)
    links["next"] = to(query.page + 1)
    return links


def serve(account: Account, resource: str, key: str, url: str) -> Any:
    """A record with all its extra fields; what is no resource of the vendor's as it is stored."""
    kind = HERE.get(resource)
    if kind is None:
        record = public(account.tables[resource].records[key])
        return {name: value for name, value in record.items() if name != "updated_at"}
    everything = Query(extra={kind.name: frozenset(attribute.name for attribute in kind.extra)})
    return View(account, url, everything).show(kind, key, {})


def answer_one(call: Call, kind: Kind, key: str, query: Query, status: int = 200) -> Response:
    """One record."""
    view = View(call.account, call.url, query)
    data = view.show(kind, key, query.include, primary=True)
    return json_api(view.document(data, _page_links(call, query, single=True), {}), status)


def _answer_page(call: Call, kind: Kind, query: Query, keys: Iterable[str], total: int) -> Response:
    view = View(call.account, call.url, query)
    data = [view.show(kind, key, query.include) for key in keys]
    meta = {"stats": {"total": {"count": total}}} if query.total else {}
    return json_api(view.document(data, _page_links(call, query), meta))


def allowed(call: Call, method: str) -> Kind:
    """The resource that the path names.

    Raises:
        Refusal: there is none, or it has no such method.
    """
    kind = KINDS.get(call.params["kind"])
    if kind is None or method not in kind.methods:
        raise Refusal(404, "Not found")
    return kind


def get_collection(call: Call) -> Response:
    """GET /{type}."""
    kind = allowed(call, "list")
    account, query = call.account, parse(call, kind, listing=True)
    heavy = account.options["heavy_page"]
    if heavy is not None and query.size > heavy:
        raise Refusal(502, "Bad gateway")
    found = choose(account.tables[kind.name], query.filters, query.sort)
    is_single = kind.name in account.options["single_page"]
    keys = found if is_single else found.page(query.page, query.size)
    return _answer_page(call, kind, query, keys, len(found))


def get_one(kind: Kind, key: str, call: Call) -> Response:
    """A record by type and id."""
    query = parse(call, kind, listing=False)
    call.record(kind.name, key)
    return answer_one(call, kind, key, query)


def get_item(call: Call) -> Response:
    """GET /{type}/{id}."""
    return get_one(allowed(call, "show"), call.params["id"], call)


def get_me(call: Call) -> Response:
    """GET /signups/me: whose token it is."""
    return get_one(KINDS["signups"], OWNER, call)


def get_list_members(call: Call) -> Response:
    """GET /lists/{id}/signups."""
    call.record("lists")
    query = parse(call, KINDS["signups"], listing=True, plain=True)
    members = Transaction(call.account).matching("list_members", list_id=call.params["id"])
    page = [member["signup_id"] for member in members[(query.page - 1) * query.size : query.page * query.size]]
    return _answer_page(call, KINDS["signups"], query, page, len(members))
