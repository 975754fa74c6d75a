"""Answers that are large, slow, elsewhere or of no form: what the transport makes of each."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from osdi_crm_client import tokens
from osdi_crm_client.account import Account
from osdi_crm_client.errors import Fault, Garbled, NoAnswer, Refused, VendorError
from osdi_crm_client.vendor import vendor, vendor_names
from typing_extensions import override

SETTINGS = {
    "action_network": {"api_token": "k"},
    "nationbuilder": {"slug": "s", "access_token": "k"},
    "i360": {"username": "u", "password": "p", "org_id": "1"},
    "rally_congress": {"account_id": "a", "auth_token": "k"},
    "crowdskout": {"access_token": "k"},
}


class Vendor(ThreadingHTTPServer):
    """Answers every call as a test says, and notes the calls."""

    daemon_threads = True
    answer: Callable[[BaseHTTPRequestHandler], None]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls: list[tuple[str, str, bytes]] = []

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that the client has given up."""

    def account(self, name: str = "action_network", **settings: Any) -> Account:
        url = f"http://127.0.0.1:{self.server_port}/api/v2"
        own = {f"{name}_{key}": value for key, value in {**SETTINGS[name], "api_url": url}.items()}
        if name == "i360":
            own["i360_login_url"] = f"{url}/token"
        return Account({"vendor": name, "calls_per_second": 0, **own, **settings})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Vendor
    token: ClassVar[bytes] = json.dumps({"access_token": "of-nobody-4711", "expires_in": 360}).encode()

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/token"):
            say(self, 200, self.token)
            return
        self.server.calls.append((self.command, self.path, body))
        self.server.answer(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def say(call: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    call.send_response(status)
    for name, value in {"Content_Type": "application/json", **headers}.items():
        call.send_header(name.replace("_", "-"), value)
    call.send_header("Content-Length", str(len(body)))
    call.end_headers()
    call.wfile.write(body)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    monkeypatch.setattr("osdi_crm_client.retry.MAX_TRIES", 1)
    with Vendor() as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield running
        running.shutdown()


def test_an_answer_that_unpacks_to_too_much_is_garbled(there: Vendor) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    there.answer = lambda call: say(call, 200, bomb, Content_Encoding="gzip")

    with pytest.raises(Garbled, match="the answer is larger than 'max_answer_bytes' allows"):
        there.account(max_answer_bytes=1_000_000).call("GET", "people", repeatable=True)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Drip: ", b"HTTP/1.1 "]
)
def test_a_drip_ends(there: Vendor, head: bytes) -> None:
    def drip(call: BaseHTTPRequestHandler) -> None:
        call.wfile.write(head)
        for _ in range(100):
            call.wfile.write(b" ")
            time.sleep(0.1)

    there.answer = drip
    began = time.monotonic()

    with pytest.raises(NoAnswer, match="the answer took longer than 'call_timeout_seconds' allows"):
        there.account(call_timeout_seconds=0.5).call("GET", "people", repeatable=True)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("body", [b" " * 100, b"[" * 100_000, b"null", b"5", b"\xff"])
def test_a_token_that_is_none_is_no_answer(there: Vendor, body: bytes) -> None:
    def drip(call: BaseHTTPRequestHandler) -> None:
        call.send_response(200)
        call.end_headers()
        for number in range(0, len(body), 1 + len(body) // 100):
            call.wfile.write(body[number:][: 1 + len(body) // 100])
            time.sleep(0.1 if body.isspace() else 0)

    there.answer = drip
    host, port = there.server_address[:2]
    began = time.monotonic()

    with pytest.raises(tokens.Unanswered):
        tokens.ask(f"http://{host!s}:{port}/sign-in", {}, auth=None, timeout=0.5)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_change_that_is_led_elsewhere(there: Vendor, method: str, status: int) -> None:
    there.answer = lambda call: (
        say(call, status, Location="/api/v2/there") if call.path.endswith("/here") else say(call, 200, b'{"a": 1}')
    )

    def call() -> Any:
        return there.account().call(method, "here", json={"name": "Ann"}, repeatable=False)

    if status in {307, 308}:
        assert call().json() == {"a": 1}
        (_, _, first), again = there.calls
        assert again == (method, "/api/v2/there", first)
        return
    with pytest.raises(Garbled if status == 303 else Refused) as refused:
        call()
    assert refused.value.may_have_happened == (status == 303)
    if status == 303:
        assert "the answer leads elsewhere, and does not say whether the call was carried out" in str(refused.value)
    assert len(there.calls) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_tag_that_exists_is_what_the_redirect_leads_to(there: Vendor, status: int) -> None:
    there.answer = lambda call: (
        say(call, status, Location="/api/v2/tags/1") if call.command == "POST" else say(call, 200, b'{"name": "vol"}')
    )

    assert there.account().call("POST", "tags", json={"name": "vol"}, repeatable=True).json() == {"name": "vol"}
    assert [call[:2] for call in there.calls] == [("POST", "/api/v2/tags"), ("GET", "/api/v2/tags/1")]


@pytest.mark.parametrize("location", ["http://[", "//", "http://:x/", "\xff", "http://127.0.0.1:99999/"])
def test_a_redirect_to_nowhere_is_the_vendors_failure(there: Vendor, location: str) -> None:
    there.answer = lambda call: say(call, 302, Location=location)

    with pytest.raises(VendorError):
        there.account().call("GET", "people", repeatable=True)


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b"5", b'"x"', b"true", b"", b"{", b"<html>", b'{"errors": 5}', b"[[1]]"], ids=str
)
@pytest.mark.parametrize("name", vendor_names())
def test_any_body_is_an_answer_or_an_error_of_the_vendor(there: Vendor, name: str, body: bytes) -> None:
    account = there.account(name)

    for status in (200, 201, 202, 400, 404, 409, 418, 422, 500):
        there.answer = lambda call, status=status: say(call, status, body)  # type: ignore[misc]
        for method in ("GET", "POST"):
            try:
                answer = account.call(method, "people", json={}, repeatable=True)
            except VendorError as error:
                assert status < 500 or isinstance(error, Fault | Garbled)  # noqa: PT017
            else:
                assert answer.status_code < 300


@pytest.mark.parametrize(
    "date",
    ["never", "", "Mon, 01 Jan 0001 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 -0000"],
)
def test_a_date_of_no_sense_tells_no_time(there: Vendor, date: str) -> None:
    def answer(call: BaseHTTPRequestHandler) -> None:
        call.send_response_only(200)
        call.send_header("Date", date)
        call.send_header("Content-Length", "2")
        call.end_headers()
        call.wfile.write(b"{}")

    there.answer = answer
    account = there.account()
    account.call("GET", "people", repeatable=True)

    assert abs(account.now().timestamp() - time.time()) < 60


def test_every_vendor_is_tested() -> None:
    assert {vendor(name).name for name in vendor_names()} == set(SETTINGS)
