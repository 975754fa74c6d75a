"""A proxy between plugin and sandbox that changes some of the answers."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import requests
from typing_extensions import override

from tests.fuzz.mutations import Answer, mutated

HOP = {"connection", "content-length", "transfer-encoding", "content-encoding", "keep-alive", "server", "date"}


class MutatingProxy(ThreadingHTTPServer):
    """Passes calls on to a sandbox.

    Attributes:
        share: The share of answers that are changed.
        stays: Whether the same call is answered by the same change each time.
        changed: How many were.
    """

    daemon_threads = True

    def __init__(self, upstream: str, seed: int, *, share: float, stays: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.seed = seed
        self.share = share
        self.stays = stays
        self.changed = 0
        self.guard = threading.Lock()
        self.calls = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def answered(self, method: str, path: str, answer: Answer) -> Answer:
        """The answer as it is passed on; signing in is left alone."""
        with self.guard:
            self.calls += 1
            what = f"{method} {urlsplit(path).path}" if self.stays else str(self.calls)
            chance = random.Random(f"{self.seed} {what}")
            if "/token" in path or chance.random() >= self.share:
                return answer
            self.changed += 1
        return mutated(answer, chance)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that the plugin has given up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MutatingProxy

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = f"{self.server.upstream}{self.path}"
        got = requests.request(
            self.command, url, data=body, headers=dict(self.headers), allow_redirects=False, timeout=60
        )
        headers = {name: value for name, value in got.headers.items() if name.lower() not in HOP}
        answer = self.server.answered(self.command, self.path, Answer(got.status_code, headers, got.content))
        self.send_response_only(answer.status)
        body = b"" if answer.status in {204, 304} else answer.body
        for name, value in {"Date": got.headers.get("Date", ""), **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def between(
    settings: dict[str, Any], seed: int, *, share: float, stays: bool
) -> Iterator[tuple[MutatingProxy, dict[str, Any]]]:
    """Run a proxy before the address that settings hold; yield it, and the settings that lead through it."""
    address = next(str(value) for name, value in settings.items() if name.endswith("api_url"))
    parts = urlsplit(address)
    upstream = f"{parts.scheme}://{parts.netloc}"
    with MutatingProxy(upstream, seed, share=share, stays=stays) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield (
                proxy,
                {
                    name: value.replace(upstream, proxy.url) if isinstance(value, str) else value
                    for name, value in settings.items()
                },
            )
        finally:
            proxy.shutdown()
