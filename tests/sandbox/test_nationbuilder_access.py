"""Signing in to NationBuilder in the sandbox: OAuth, tokens and their lives, headers, limits, and the proxy in front.

After support.nationbuilder.com, articles 9903805, 9559128 and 9869235, and nationbuilder.com/rate_limit_policy.
"""

from __future__ import annotations

import base64
import hashlib
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from osdi_crm_sandbox.control import Account, Sandbox

JSON = {"Accept": "application/json", "Content-Type": "application/json"}


class Nation:
    """An account over HTTP, at whose door somebody stands with or without a token."""

    def __init__(self, account: Account, session: requests.Session) -> None:
        self.account = account
        self.given = account.credentials
        self.session = session
        self.site = account.url.removesuffix("/api/v2")

    def get(self, token: str | None, path: str = "/signups/me", **headers: str) -> requests.Response:
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.session.get(self.account.url + path, headers={**JSON, **bearer, **headers}, timeout=20)

    def works(self, token: str) -> bool:
        return self.get(token).status_code == 200

    def grant(self, *, form: bool = False, **body: Any) -> requests.Response:
        app = {"client_id": self.given["client_id"], "client_secret": self.given["client_secret"], **body}
        sent: dict[str, Any] = {"data": app} if form else {"json": app}
        return self.session.post(f"{self.site}/oauth/token", timeout=20, **sent)

    def refresh(self, token: str, **more: Any) -> requests.Response:
        return self.grant(grant_type="refresh_token", refresh_token=token, **more)

    def authorize(self, **params: str | None) -> requests.Response:
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.given["client_id"],
            "redirect_uri": self.given["redirect_uri"],
            **params,
        }
        url = f"{self.site}/oauth/authorize"
        return self.session.get(url, params=asked, allow_redirects=False, timeout=20)

    def code(self, **params: str | None) -> str:
        return came_back(self.authorize(**params))["code"]

    def exchange(self, code: str, **more: Any) -> requests.Response:
        return self.grant(
            **{"grant_type": "authorization_code", "redirect_uri": self.given["redirect_uri"], "code": code, **more}
        )


def came_back(response: requests.Response) -> dict[str, str]:
    """What the browser brings back to the app."""
    assert response.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


def error(response: requests.Response, status: int, code: str) -> str:
    assert (response.status_code, response.json()["error"]) == (status, code)
    assert response.json().keys() == {"error", "error_description"}
    return str(response.json()["error_description"])


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def nation(sandbox: Sandbox, session: requests.Session) -> Nation:
    return Nation(sandbox.account("nationbuilder"), session)


# The two doors


def test_the_browser_brings_back_code_and_state(nation: Nation) -> None:
    response = nation.authorize(state="x y&z")
    assert response.headers["location"].startswith(nation.given["redirect_uri"] + "?")
    back = came_back(response)
    assert back.keys() == {"code", "nation", "state"}
    assert (back["state"], back["nation"]) == ("x y&z", nation.given["slug"])
    assert "state" not in came_back(nation.authorize())
    assert nation.code() != nation.code()


def test_the_admin_may_refuse(nation: Nation) -> None:
    nation.account.set(refuse_authorization=True)
    back = came_back(nation.authorize(state="s"))
    assert (back["error"], back["state"]) == ("access_denied", "s")
    assert "code" not in back


def test_an_unknown_app_or_callback_is_not_redirected(nation: Nation) -> None:
    assert nation.authorize(client_id="nobody").status_code == 401
    for callback in (nation.given["redirect_uri"] + "/", "http://localhost:1/callback", None):
        assert nation.authorize(redirect_uri=callback).status_code == 400
    assert came_back(nation.authorize(response_type="token"))["error"] == "unsupported_response_type"
    nation.account.set(redirect_uri="http://localhost:9999/cb")
    assert nation.authorize(redirect_uri="http://localhost:9999/cb").status_code == 302


@pytest.mark.parametrize("form", [False, True])
def test_a_code_is_exchanged_once(nation: Nation, form: bool) -> None:
    code = nation.code()
    pair = nation.exchange(code, form=form)
    assert pair.status_code == 200
    assert pair.json().keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope", "created_at"}
    assert (pair.json()["token_type"], pair.json()["expires_in"], pair.json()["scope"]) == ("Bearer", 86400, "default")
    assert abs(pair.json()["created_at"] - time.time()) < 60
    assert nation.works(pair.json()["access_token"])
    error(nation.exchange(code, form=form), 400, "invalid_grant")


def test_a_code_needs_its_callback_and_its_time(nation: Nation) -> None:
    error(nation.exchange(nation.code(), redirect_uri="http://localhost:1/"), 400, "invalid_grant")
    error(nation.exchange("made-up"), 400, "invalid_grant")
    nation.account.set(code_seconds=0)
    error(nation.exchange(nation.code()), 400, "invalid_grant")


def test_a_challenge_is_answered_by_its_verifier(nation: Nation) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked: dict[str, str | None] = {"code_challenge": challenge, "code_challenge_method": "S256"}
    assert nation.exchange(nation.code(**asked), code_verifier=verifier).status_code == 200
    error(nation.exchange(nation.code(**asked), code_verifier="wrong"), 400, "invalid_grant")
    error(nation.exchange(nation.code(**asked)), 400, "invalid_grant")
    assert nation.exchange(nation.code(code_challenge="plain"), code_verifier="plain").status_code == 200


def test_apps_without_their_secret_are_nobody(nation: Nation) -> None:
    token = nation.given["refresh_token"]
    error(nation.refresh(token, client_secret="wrong"), 401, "invalid_client")
    error(nation.refresh(token, client_id="nobody"), 401, "invalid_client")
    error(nation.grant(grant_type="password"), 400, "unsupported_grant_type")
    error(nation.grant(grant_type="client_credentials"), 400, "unsupported_grant_type")
    error(nation.grant(grant_type="refresh_token"), 400, "invalid_request")
    assert nation.refresh(token).status_code == 200


# Refreshing


def test_a_refresh_token_works_once(nation: Nation) -> None:
    first = nation.given["refresh_token"]
    pair = nation.refresh(first).json()
    assert pair["refresh_token"] != first
    assert nation.works(pair["access_token"])
    assert nation.works(nation.given["access_token"])
    assert first in error(nation.refresh(first), 400, "invalid_grant")
    again = nation.grant(form=True, grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert again.status_code == 200
    error(nation.refresh(pair["refresh_token"]), 400, "invalid_grant")


def test_a_refresh_without_an_answer_has_used_the_token_up(nation: Nation) -> None:
    nation.account.fault(do="cut_after", path="/oauth/token", times=1)
    with pytest.raises(requests.ConnectionError):
        nation.refresh(nation.given["refresh_token"])
    error(nation.refresh(nation.given["refresh_token"]), 400, "invalid_grant")
    nation.account.fault(do="cut_before", path="/oauth/token", times=1)
    [left] = [token["refresh_token"] for token in nation.account.records("tokens") if token["refresh_token"]]
    with pytest.raises(requests.ConnectionError):
        nation.refresh(left)
    assert nation.refresh(left).status_code == 200


def test_tokens_live_as_long_as_they_say(nation: Nation) -> None:
    nation.account.set(access_token_seconds=4)
    pair = nation.refresh(nation.given["refresh_token"]).json()
    assert pair["expires_in"] == 4
    assert nation.works(pair["access_token"])
    nation.get(pair["access_token"], "/signups")
    time.sleep(4.1)
    over = nation.get(pair["access_token"], "/signups")
    assert (over.status_code, over.json()["code"]) == (401, "token_expired")
    assert over.json().keys() == {"code", "message"}
    nation.account.set(wrapped_errors=True)
    wrapped = nation.get(pair["access_token"]).json()
    assert wrapped.keys() == {"statusCode", "data"}
    assert (wrapped["statusCode"], wrapped["data"]["code"]) == (401, "token_expired")
    assert nation.refresh(pair["refresh_token"]).status_code == 200


def test_an_expired_token_is_refused_where_its_page_is_kept(nation: Nation) -> None:
    assert nation.get(nation.given["access_token"], "/signups").status_code == 200
    nation.account.change("tokens", [nation.given["access_token"]], expires_in=0)
    assert nation.get(nation.given["access_token"], "/signups").json()["code"] == "token_expired"
    assert nation.get(nation.account.key, "/signups").status_code == 200


# Tokens


def test_the_key_is_a_test_token(nation: Nation) -> None:
    assert nation.works(nation.account.key)
    error(nation.refresh(nation.account.key), 400, "invalid_grant")
    kinds = {token["id"]: token["kind"] for token in nation.account.records("tokens")}
    assert kinds == {
        nation.account.key: "test",
        nation.given["access_token"]: "oauth",
        nation.given["legacy_token"]: "v1",
    }


def test_accounts_of_the_start_are_known_by_heart(sandbox: Sandbox, session: requests.Session) -> None:
    with_token = {**JSON, "Authorization": "Bearer sandbox"}
    me = session.get(f"{sandbox.url}/nationbuilder/api/v2/signups/me", headers=with_token, timeout=20)
    assert me.json()["data"]["attributes"]["is_cpu"] is True


def test_tokens_of_version_1(nation: Nation) -> None:
    old = nation.given["legacy_token"]
    assert (nation.get(old).status_code, nation.get(old).json()["code"]) == (401, "token_upgrade_required")
    assert nation.works(nation.refresh(old).json()["access_token"])
    error(nation.refresh(old), 400, "invalid_grant")


def test_tokens_nobody_gave_and_tokens_taken_back(nation: Nation) -> None:
    nation.account.delete("tokens", [nation.given["access_token"]])
    for token in (nation.given["access_token"], "made-up", None):
        refused = nation.get(token)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    error(nation.refresh(nation.given["refresh_token"]), 400, "invalid_grant")
    [made] = nation.account.insert("tokens", [{"id": "of-ours", "refresh_token": "refresh-of-ours", "expires_in": 60}])
    assert (made["kind"], nation.works("of-ours")) == ("oauth", True)
    assert nation.refresh("refresh-of-ours").status_code == 200


def test_a_token_in_the_query_works_and_in_its_own_header_does_not(nation: Nation) -> None:
    assert nation.get(None, f"/signups/me?access_token={nation.account.key}").status_code == 200
    assert nation.get(None, access_token=nation.account.key).status_code == 401
    page = nation.get(None, f"/signups?access_token={nation.account.key}").json()
    assert nation.account.key not in page["links"]["next"]


# Headers


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.api+json", "application/json; charset=utf-8"])
def test_both_headers_may_be_of_either_kind(nation: Nation, kind: str) -> None:
    answer = nation.get(nation.account.key, Accept=kind, **{"Content-Type": kind})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.api+json"


@pytest.mark.parametrize("missing", ["Accept", "Content-Type"])
def test_both_headers_are_needed_even_to_read(nation: Nation, missing: str) -> None:
    nation.get(nation.account.key)
    for value in (None, "text/html"):
        headers: Any = {**JSON, missing: value, "Authorization": f"Bearer {nation.account.key}"}
        refused = nation.session.get(f"{nation.account.url}/signups/me", headers=headers, timeout=20)
        assert refused.status_code == 406
        assert refused.headers["content-type"] == "application/json"


def test_an_owner_who_may_not_is_told_so_with_401(nation: Nation) -> None:
    nation.account.set(barred=["donations"])
    headers: Any = {**JSON, "Authorization": f"Bearer {nation.account.key}"}

    refused, good = (
        nation.session.get(f"{nation.account.url}/{path}", headers=headers, timeout=20)
        for path in ("donations", "signups/me")
    )

    assert (refused.status_code, refused.json()["code"], good.status_code) == (401, "unauthorized", 200)


# Limits


def test_a_limit_is_told_in_headers(nation: Nation) -> None:
    plain = nation.get(nation.account.key).headers
    assert (plain["RateLimit-Limit"], plain["RateLimit-Remaining"]) == ("250", "250")
    nation.account.set(rate={"calls": 3, "seconds": 60})
    for left in (2, 1, 0):
        answer = nation.get(nation.account.key)
        assert (answer.status_code, answer.headers["RateLimit-Limit"]) == (200, "3")
        assert answer.headers["RateLimit-Remaining"] == str(left)
        assert 0 <= int(answer.headers["RateLimit-Reset"]) - time.time() <= 61
        assert "Retry-After" not in answer.headers
    refused = nation.get(nation.account.key)
    assert (refused.status_code, refused.json().keys()) == (429, {"message"})
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.headers["RateLimit-Remaining"] == "0"
    nation.account.set(rate_headers="X-RateLimit")
    assert nation.get(nation.account.key).headers["X-RateLimit-Limit"] == "3"


def test_each_token_has_a_limit_of_its_own(nation: Nation) -> None:
    nation.account.set(rate={"calls": 2, "seconds": 60})
    for token in (nation.account.key, nation.given["access_token"]):
        assert [nation.get(token).status_code for _ in range(3)] == [200, 200, 429]
    fresh = nation.refresh(nation.given["refresh_token"])
    assert fresh.status_code == 200
    assert nation.works(fresh.json()["access_token"])


def test_after_the_window_calls_pass_again(nation: Nation) -> None:
    nation.account.set(rate={"calls": 1, "seconds": 3, "window": "sliding"})
    assert [nation.get(nation.account.key).status_code for _ in range(2)] == [200, 429]
    time.sleep(3.05)
    assert nation.works(nation.account.key)


class From(HTTPAdapter):
    """Calls from another address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    @override
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, source_address=(self._address, 0))


def test_each_address_has_a_limit_that_nations_share(sandbox: Sandbox, session: requests.Session) -> None:
    rate = {"calls": 4, "seconds": 60.5}
    nations = [Nation(sandbox.account("nationbuilder", address_rate=rate), session) for _ in range(2)]
    one, other = nations
    assert [one.get(one.account.key).status_code for _ in range(2)] == [200, 200]
    assert [other.get(other.account.key).status_code for _ in range(3)] == [200, 200, 429]
    error(one.refresh("x"), 429, "invalid_request")
    refused = one.get(one.given["access_token"])
    assert (refused.status_code, refused.headers["RateLimit-Limit"]) == (429, "4")
    session.mount("http://", From("127.0.0.2"))
    assert one.works(one.account.key)


def test_the_nearer_limit_is_told(nation: Nation) -> None:
    nation.account.set(rate={"calls": 9, "seconds": 60}, address_rate={"calls": 5, "seconds": 61.5})
    assert nation.get(nation.account.key).headers["RateLimit-Limit"] == "5"
    nation.account.set(rate={"calls": 2, "seconds": 60})
    assert nation.get(nation.account.key).headers["RateLimit-Limit"] == "2"


# Faults


def test_the_proxy_in_front_answers_in_html(nation: Nation) -> None:
    calls: dict[str, Callable[[], requests.Response]] = {
        "/signups": lambda: nation.get(nation.account.key, "/signups"),
        "/oauth/token": lambda: nation.refresh(nation.given["refresh_token"]),
    }
    for path, call in calls.items():
        nation.account.fault(do="html", status=403, path=path, times=1)
        nation.account.fault(do="html", status=503, path=path, times=1)
        page = call()
        assert (page.status_code, page.headers["cf-mitigated"]) == (403, "challenge")
        assert page.headers["content-type"].startswith("text/html")
        assert "cf_chl_opt" in page.text
        page = call()
        assert (page.status_code, page.headers["server"]) == (503, "cloudflare")
        assert "cf-error-details" in page.text
        assert call().status_code == 200


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((400, "bad_request"), (401, "unauthorized"), (403, "forbidden"), (404, "not_found"), (500, "server_error")),
        *((502, "bad_gateway"), (503, "service_unavailable")),
    ],
)
def test_errors_to_order_are_in_the_vendors_words(nation: Nation, status: int, code: str) -> None:
    nation.account.fault(do="status", status=status, times=1)
    answer = nation.get(nation.account.key)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]
    assert answer.headers["content-type"] == "application/json"
    assert nation.works(nation.account.key)


def test_a_429_to_order_has_no_code(nation: Nation) -> None:
    nation.account.fault(do="status", status=429, times=1)
    answer = nation.get(nation.account.key)
    assert (answer.status_code, answer.json().keys(), answer.headers["Retry-After"]) == (429, {"message"}, "1")
