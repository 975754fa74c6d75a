"""`notify_url` gets the numbers of a run that needs somebody's eyes, and nobody's data."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox
from target_osdi_crm.report import notify
from typing_extensions import override


class Receiver:
    """A web hook of a test's own.

    Attributes:
        url: Its address.
        bodies: What was posted to it.
        status: What it answers.
    """

    def __init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(receiver.status)
                self.end_headers()

            @override
            def log_message(self, format: str, *args: Any) -> None: ...

        self.bodies: list[dict[str, Any]] = []
        self.status = 200
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with made.server:
        threading.Thread(target=made.server.serve_forever, daemon=True).start()
        yield made
        made.server.shutdown()


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return sandbox.account("action_network")


def people(count: int) -> list[dict[str, str]]:
    return [{"id": str(n), "email": f"n{n}@example.org"} for n in range(count)]


def test_a_run_that_is_well_is_not_told(account: Account, target: Any, receiver: Receiver) -> None:
    assert target.write(account, "people", *people(2), notify_url=receiver.url).code == 0
    assert receiver.bodies == []


def test_what_is_not_written_is_told_without_anybodys_data(account: Account, target: Any, receiver: Receiver) -> None:
    odd = {"id": "odd", "email": "odd@example.org", "email_status": "odd"}

    done = target.write(account, "people", *people(2), odd, notify_url=receiver.url)

    (body,) = receiver.bodies
    assert done.code == 3
    assert "1 of 3 records of 'people' are not written." in body["text"]
    assert body["run"]["streams"]["people"]["created"] == 2
    assert "example.org" not in json.dumps(body)


def test_a_stop_is_told(account: Account, target: Any, receiver: Receiver) -> None:
    target.write(account, "people", *people(3), max_creates=1, notify_url=receiver.url)

    assert "It was stopped: There is more to write than 'max_creates' allows (1)." in receiver.bodies[0]["text"]


def test_far_fewer_records_than_in_the_run_before_are_told(account: Account, target: Any, receiver: Receiver) -> None:
    target.write(account, "people", *people(notify.MANY), notify_url=receiver.url)
    target.write(account, "people", *people(1), notify_url=receiver.url)

    assert "Only 1 records of 'people' came; the run before had 20." in receiver.bodies[0]["text"]
    assert len(receiver.bodies) == 1


def test_an_address_that_takes_nothing_is_a_warning(account: Account, target: Any, receiver: Receiver) -> None:
    receiver.status = 500

    done = target.write(account, "people", {"id": "1"}, notify_url=receiver.url)

    assert done.code == 3
    assert "'notify_url' did not take the message (HTTP 500)." in done.log
    assert receiver.url not in done.log


def test_a_dry_run_tells_nobody(account: Account, target: Any, receiver: Receiver) -> None:
    target.write(account, "people", {"id": "1"}, dry_run=True, notify_url=receiver.url)

    assert receiver.bodies == []
