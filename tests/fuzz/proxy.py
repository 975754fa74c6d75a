"""A proxy between plugin and sandbox, which answers otherwise than the sandbox where a test wants it."""

from __future__ import annotations

import random
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from typing_extensions import override

from tests.fuzz.mutations import Answer, mutated

HOP = {"connection", "content-length", "transfer-encoding", "content-encoding", "keep-alive", "server"}


class Call(BaseHTTPRequestHandler):
    """A call that came."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def _come(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.answer(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _come  # noqa: N815

    def pass_on(self) -> Answer:
        """Let the sandbox answer."""
        url = f"{self.server.upstream}{self.path}"
        got = requests.request(
            self.command, url, data=self.body, headers=dict(self.headers), allow_redirects=False, timeout=60
        )
        headers = {name: value for name, value in got.headers.items() if name.lower() not in HOP}
        return Answer(got.status_code, headers, got.content)

    def reply(self, answer: Answer) -> None:
        """Answer with this."""
        body = b"" if answer.status in {204, 304} else answer.body
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Proxy(ThreadingHTTPServer):
    """Passes calls on to a sandbox, but for a share of them, signing in apart.

    Attributes:
        odd: How many calls were answered otherwise.
    """

    daemon_threads = True

    def __init__(self, upstream: str, seed: int, share: float) -> None:
        super().__init__(("127.0.0.1", 0), Call)
        self.upstream = upstream
        self.odd = 0
        self._seed = seed
        self._share = share
        self._guard = threading.Lock()
        self._calls = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, call: Call) -> None:
        """Answer a call."""
        with self._guard:
            self._calls += 1
            chance = random.Random(f"{self._seed} {self.same(call, self._calls)}")
            odd = "/token" not in call.path and chance.random() < self._share
            self.odd += odd
        if odd:
            self.answer_oddly(call, chance)
        else:
            call.reply(call.pass_on())

    def same(self, call: Call, number: int) -> str:
        """What calls have in common that fare alike."""
        return str(number)

    @abstractmethod
    def answer_oddly(self, call: Call, chance: random.Random) -> None:
        """Answer a call otherwise than the sandbox would."""

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that the plugin has given up."""


class Mutating(Proxy):
    """Changes answers."""

    @override
    def answer_oddly(self, call: Call, chance: random.Random) -> None:
        call.reply(mutated(call.pass_on(), chance))


class AlwaysMutating(Mutating):
    """Changes the answers to the same call in the same way each time."""

    @override
    def same(self, call: Call, number: int) -> str:
        return f"{call.command} {urlsplit(call.path).path}"


P = TypeVar("P", bound=Proxy)


@contextmanager
def between(
    settings: dict[str, Any], proxy_of: Callable[[str, int, float], P], seed: int, *, share: float
) -> Iterator[tuple[P, dict[str, Any]]]:
    """Run a proxy before the address that settings hold; yield it, and the settings that lead through it."""
    address = next(str(value) for name, value in settings.items() if name.endswith("api_url"))
    parts = urlsplit(address)
    upstream = f"{parts.scheme}://{parts.netloc}"
    with proxy_of(upstream, seed, share) as proxy:
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
