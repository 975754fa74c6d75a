"""One sandbox per test process, the vendors' documents, and a plain HTTP client for an account of each vendor."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
import requests
from osdi_crm_sandbox.control import Account, Sandbox
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, Any]
JSON_API = "application/vnd.api+json"


class Api:
    """Calls to an account; every answer is looked at as it came."""

    def __init__(self, account: Account, session: requests.Session) -> None:
        self.account = account
        self.url = account.url
        self.session = session
        self.headers = self.signed()

    def signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.account.key}"}

    def send(self, method: str, path: str, body: Any = None, **how: Any) -> requests.Response:
        """A call of a path below the API, or of a link out of an answer."""
        is_link = path.startswith(f"/{self.account.vendor}/")
        host = self.url.partition(f"/{self.account.vendor}")[0]
        url = path if "://" in path else host + path if is_link else f"{self.url}/{path.lstrip('/')}"
        how = {"headers": self.headers, "timeout": 20, "allow_redirects": False, **how}
        return self.session.request(method, url, json=body, **how)

    def raw(self, method: str, path: str, body: Any) -> requests.Response:
        """A call as the vendor's clients make it; text is sent as it is."""
        return self.send(method, path, data=body) if isinstance(body, str) else self.send(method, path, body)

    def ok(self, method: str, path: str, body: Any = None, status: int = 200, **params: Any) -> Any:
        response = self.send(method, path, body, params=params)
        assert response.status_code == status, (response.status_code, response.text)
        return response.json()

    def rows(self, resource: str, document: Row) -> list[Row]:
        """Every record that a table of the vendor's document is about, over the API where it lists them."""
        raise NotImplementedError


PARENTS = {
    "signatures": "petitions",
    "attendances": "events",
    "submissions": "forms",
    "responses": "surveys",
    "outreaches": "advocacy_campaigns",
    "taggings": "tags",
    "items": "lists",
}
"""Where Action Network lists what has no collection of its own."""


class ActionNetwork(Api):
    @override
    def signed(self) -> dict[str, str]:
        return {"OSDI-API-Token": self.account.key}

    def call(self, method: str, path: str, **how: Any) -> requests.Response:
        return self.send(method, path, how.pop("json", None), **how)

    def get(self, path: str, **params: Any) -> Any:
        return self.ok("GET", path, **params)

    def post(self, path: str, body: Any, **params: Any) -> Any:
        return self.ok("POST", path, body, **params)

    def put(self, path: str, body: Any, **params: Any) -> Any:
        return self.ok("PUT", path, body, **params)

    @staticmethod
    def items(page: Row) -> list[Row]:
        """A page's resources."""
        [found] = page["_embedded"].values()
        assert isinstance(found, list)
        return found

    def pages(self, path: str, **params: Any) -> list[Row]:
        """Pages up to and with the first one without resources."""
        pages: list[Row] = []
        while not pages or self.items(pages[-1]):
            pages.append(self.get(path, **params, page=len(pages) + 1))
        return pages

    def all(self, path: str, **params: Any) -> list[Row]:
        """Every resource of a collection."""
        return [item for page in self.pages(path, **params) for item in self.items(page)]

    def collections(self, resource: str) -> list[str]:
        """The paths at which records of a resource are listed."""
        if resource not in PARENTS:
            return [f"/{resource}"]
        parents = [record["_links"]["self"]["href"] for record in self.all(f"/{PARENTS[resource]}")]
        return [f"{parent.removeprefix(self.url)}/{resource}" for parent in parents]

    @override
    def rows(self, resource: str, document: Row) -> list[Row]:
        rows = [record for path in self.collections(resource) for record in self.all(path)]
        return [{name: row[name] for name in row if name not in ("_links", "_embedded")} for row in rows]

    def sign_up(self, **person: Any) -> Any:
        tags: Row = {name: person.pop(name) for name in ("add_tags", "remove_tags") if name in person}
        return self.post("/people", {"person": person, **tags})

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        response = self.send(method, path, body)
        return response.status_code, response.json()

    def link(self, person: str) -> Row:
        return {"_links": {"osdi:person": {"href": f"{self.url}/people/{person}"}}}


class Nation(Api):
    @override
    def signed(self) -> dict[str, str]:
        return {**super().signed(), "Accept": JSON_API, "Content-Type": JSON_API}

    def call(self, method: str, path: str, status: int = 200, body: Any = None, /, **params: Any) -> Any:
        response = self.send(method, path, body, params=params)
        assert response.status_code == status, response.text
        kind = response.headers["content-type"].split(";")[0]
        assert kind == (JSON_API if status in (200, 201) and "async" not in path else kind)
        return response.json()

    def get(self, path: str, status: int = 200, /, **params: Any) -> Any:
        return self.call("GET", path, status, **params)

    @override
    def rows(self, resource: str, document: Row) -> list[Row]:
        asked = {f"extra_fields[{resource}]": ",".join(document["extra"].get(resource, ())), "page[size]": 100}
        rows: list[Row] = []
        for number in count(1):
            page = self.get(resource, **asked, **{"page[number]": number})["data"]
            rows += page
            if not page:
                break
        assert len(rows) == self.account.counters()["resources"][resource]
        return rows

    def ids(self, path: str, **params: Any) -> list[str]:
        return [row["id"] for row in self.get(path, **params)["data"]]

    def names(self, path: str, **params: Any) -> set[str]:
        return {row["attributes"]["name"] for row in self.get(path, **params)["data"]}

    def refused(self, path: str, **params: Any) -> str:
        answer = self.get(path, 400, **params)
        assert answer.keys() == {"code", "message"}
        assert answer["code"] == "bad_request"
        return str(answer["message"])

    def read(self, kind: str, key: str, **params: Any) -> Row:
        found: Row = self.get(f"{kind}/{key}", **params)["data"]["attributes"]
        return found

    @staticmethod
    def document(kind: str, attributes: Row, relationships: Row, **more: Any) -> Row:
        blocks = {name: {"data": data} for name, data in relationships.items()}
        return {"type": kind, "attributes": attributes, **({"relationships": blocks} if blocks else {}), **more}

    def post(self, kind: str, attributes: Row, status: int = 201, /, **relationships: Any) -> Any:
        return self.call("POST", kind, status, {"data": self.document(kind, attributes, relationships)})

    def made(self, kind: str, attributes: Row, **relationships: Any) -> str:
        return str(self.post(kind, attributes, **relationships)["data"]["id"])

    def patch(self, kind: str, key: str, attributes: Row, status: int = 200, /, **relationships: Any) -> Any:
        data = self.document(kind, attributes, relationships, id=key)
        return self.call("PATCH", f"{kind}/{key}", status, {"data": data})

    def push(self, attributes: Row, status: int, **relationships: Any) -> Any:
        return self.call("PATCH", "signups/push", status, {"data": self.document("signups", attributes, relationships)})

    def flaws(self, kind: str, attributes: Row, key: str | None = None, **relationships: Any) -> list[str]:
        """The details of the errors that a document meets."""
        if key is None:
            answer = self.post(kind, attributes, 422, **relationships)
        else:
            answer = self.patch(kind, key, attributes, 422, **relationships)
        return [error["detail"] for error in answer["errors"]]

    def count(self, kind: str, **filters: Any) -> int:
        asked = {f"filter[{name}]": value for name, value in filters.items()}
        return int(self.get(kind, **{"stats[total]": "count", **asked})["meta"]["stats"]["total"]["count"])

    def insert(self, kind: str, *rows: Row) -> list[str]:
        return [row["id"] for row in self.account.insert(kind, [{"attributes": row} for row in rows])]


class Crowdskout(Api):
    named = '(NameExists = "Yes")'

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> requests.Response:
        return self.send(method, path, body, params=params)

    def data(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """The data of an answer in its envelope."""
        envelope = self.ok(method, path, body, **params)
        assert envelope.keys() == {"success", "messages", "data"}
        assert (envelope["success"], envelope["messages"]) == (True, [])
        return envelope["data"]

    def create(self, **collections: Any) -> Any:
        return self.data("POST", "/profile", {"profile": collections})

    def update(self, own: int, **collections: Any) -> Any:
        return self.data("PUT", f"/profile/{own}", {"profile": {"id": own, **collections}})

    def read(self, own: int, collections: str, **params: Any) -> Any:
        return self.data("GET", f"/profile/{own}", collections=collections, **params)

    @override
    def rows(self, resource: str, document: Row) -> list[Row]:
        """Every item of a collection."""
        profiles = self.account.records("profiles")
        items = [item for profile in profiles for item in profile.get(resource, ())]
        assert self.read(1, resource)[resource], "the first profile has every collection"
        assert sum(bool(profile.get(resource)) for profile in profiles) > 1
        return items

    def scan(self, query: str = named, token: str | None = None) -> Any:
        return self.data("PUT", "/segment/scan", query=query, token=token)

    def scan_all(self, query: str = named) -> list[int]:
        batch = self.scan(query)
        ids: list[int] = []
        while batch["profileIds"]:
            ids += batch["profileIds"]
            batch = self.scan(query, batch["scrollId"])
        assert len(set(ids)) == len(ids) == batch["total"]
        return ids


CRITERIA = {"2": "47", "3": "2", "13": "-1", "28": "-1"}


class I360(Api):
    """With one token until another is asked for."""

    token = ""

    @property
    def org(self) -> int:
        found: int = self.account.credentials["org_id"]
        return found

    def sign_in(self, client: tuple[str, str] | None = ("roclient", "secret"), **changes: str) -> requests.Response:
        given = {name: self.account.credentials[name] for name in ("username", "password")}
        form = {"grant_type": "password", **given, "scope": "openid profile sampleApi"} | changes
        path = f"/i360{self.account.credentials['login_path']}"
        return self.send("POST", path, data=form, auth=client, headers=None)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        self.token = self.token or self.sign_in().json()["access_token"]
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.send(method, f"Org/{more.pop('org', self.org)}/{path}", body, headers=headers, **more)

    @override
    def raw(self, method: str, path: str, body: Any) -> requests.Response:
        return self.call(method, path, body)

    @override
    def ok(self, method: str, path: str, body: Any = None, status: int = 200, **params: Any) -> Any:
        response = self.call(method, path, body, params=params)
        assert response.status_code == status, (response.status_code, response.text)
        return response.json()

    @override
    def rows(self, resource: str, document: Row) -> list[Row]:
        """Every record, out of the lists of all parents."""
        path, known = document["paths"][resource], self.account.records(resource)
        parent = path.partition("{")[2].partition("}")[0]
        rows: list[Row] = []
        for owner in {record.get(parent) for record in known}:
            of_owner = [{**one} for one in known if one.get(parent) == owner]
            for record in of_owner if parent else ():
                del record[parent]
            listed = of_owner if resource == "contacts" else self.ok("GET", path.format_map({parent: owner}))
            assert sorted(listed, key=str) == sorted(of_owner, key=str)
            rows += listed
        return rows

    def search(self, criteria: dict[str, str] | None = None, **more: Any) -> list[Row]:
        asked = {**CRITERIA, **(criteria or {})}
        body = {"Columns": ["ContactID"], "Criteria": asked, "RecordLimit": 100_000, **more}
        response = self.call("POST", "Searches/Results", body)
        assert (response.status_code, response.content) == (204, b"") or response.status_code == 200, response.text
        return response.json() if response.content else []


class RallyCongress(Api):
    @override
    def signed(self) -> dict[str, str]:
        given = self.account.credentials
        return {"Authorization": requests.auth._basic_auth_str(given["account_id"], given["auth_token"])}

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.send(method, path, more.pop("json", None), **more)

    @override
    def raw(self, method: str, path: str, body: Any) -> requests.Response:
        return self.send(method, path, data=body)

    def get(self, path: str, **params: Any) -> Any:
        return self.ok("GET", path, **params)

    def post(self, path: str, status: int, **form: str) -> Any:
        response = self.send("POST", path, data=form)
        assert response.status_code == status, response.text
        return response.json()

    def ids(self, **params: Any) -> list[str]:
        page = self.get("supporters", pagesize=100, **params)
        assert page["totalResults"] == len(page["supporters"]), "one page is enough here"
        return sorted(record["id"] for record in page["supporters"])

    @override
    def rows(self, resource: str, document: Row) -> list[Row]:
        if resource == "supporters":
            return [row for number in range(4) for row in self.get("supporters", pagesize=100, page=number)[resource]]
        page = self.get("campaigns")
        campaigns: list[Row] = page.pop("campaigns")
        whole = [self.get(f"campaigns/{campaign['campaignId']}") for campaign in campaigns]
        if resource == "campaign_actions":
            return [self.get(action["uri"]) for campaign in whole for action in campaign["actions"]]
        return {"envelope": [page], "campaigns": campaigns, "campaign": whole}[resource]

    @property
    def campaign(self) -> str:
        found: str = self.account.records("campaigns")[0]["campaignId"]
        return found


APIS: dict[str, type[Api]] = {
    "action_network": ActionNetwork,
    "crowdskout": Crowdskout,
    "i360": I360,
    "nationbuilder": Nation,
    "rally_congress": RallyCongress,
}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size=0) as running:
        yield running


@pytest.fixture(scope="session")
def session() -> Iterator[requests.Session]:
    with requests.Session() as running:
        running.trust_env = False
        yield running


@pytest.fixture(scope="session")
def apis(sandbox: Sandbox, session: requests.Session) -> Callable[..., Any]:
    """Makes an account of a vendor."""

    def make(vendor: str, **options: Any) -> Api:
        return APIS[vendor](sandbox.account(vendor, **options), session)

    return make


@pytest.fixture(scope="module")
def make(apis: Callable[..., Any], request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Makes an account of the vendor that the module's name tells, else of Action Network."""
    vendor = next((name for name in APIS if name in request.module.__name__), "action_network")
    return partial(apis, vendor)
