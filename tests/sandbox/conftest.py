"""One sandbox per test process, and a plain HTTP client for an account in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from osdi_crm_sandbox.control import Account, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Api:
    """Calls to an Action Network account; every answer is looked at as it came."""

    def __init__(self, account: Account, session: requests.Session) -> None:
        self.account = account
        self.url = account.url
        self._session = session

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = options.pop("headers", {"OSDI-API-Token": self.account.key})
        url = path if path.startswith("http") else self.url + path
        return self._session.request(method, url, headers=headers, timeout=20, allow_redirects=False, **options)

    def get(self, path: str, **params: Any) -> Any:
        response = self.call("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any, **params: Any) -> Any:
        response = self.call("POST", path, json=body, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def put(self, path: str, body: Any, **params: Any) -> Any:
        response = self.call("PUT", path, json=body, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    @staticmethod
    def items(page: dict[str, Any]) -> list[dict[str, Any]]:
        """A page's resources."""
        [found] = page["_embedded"].values()
        assert isinstance(found, list)
        return found

    def pages(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Pages up to and with the first one without resources."""
        pages: list[dict[str, Any]] = []
        while not pages or self.items(pages[-1]):
            pages.append(self.get(path, **params, page=len(pages) + 1))
        return pages

    def all(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Every resource of a collection."""
        return [item for page in self.pages(path, **params) for item in self.items(page)]


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
def action_network(sandbox: Sandbox, session: requests.Session) -> Callable[..., Api]:
    """Makes an Action Network account."""

    def make(**options: Any) -> Api:
        return Api(sandbox.account("action_network", **options), session)

    return make
