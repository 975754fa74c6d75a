"""Ways in which a network fails a call, before the vendor has it or after it acted."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Callable

from typing_extensions import override

from tests.fuzz.mutations import Answer
from tests.fuzz.proxy import Call, Proxy

SILENCE = 2.5
"""Seconds, longer than the plugins wait in the tests."""


def _raw(call: Call, sent: bytes) -> None:
    call.wfile.write(sent)
    call.wfile.flush()
    call.close_connection = True


def _head(answer: Answer, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} x", *(f"{name}: {value}" for name, value in answer.headers.items()), *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _close(call: Call, _: Answer) -> None:
    call.close_connection = True


def _reset(call: Call, _: Answer) -> None:
    call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    call.connection.close()
    call.close_connection = True


def _reset_within(call: Call, answer: Answer) -> None:
    _raw(call, _head(answer, f"Content-Length: {len(answer.body) + 9}") + answer.body[: len(answer.body) // 2])
    _reset(call, answer)


def _silent(call: Call, _: Answer) -> None:
    time.sleep(SILENCE)
    call.close_connection = True


def _silent_within(call: Call, answer: Answer) -> None:
    call.wfile.write(_head(answer, f"Content-Length: {len(answer.body) + 9}") + answer.body[:5])
    _silent(call, answer)


def _status(status: int, body: bytes = b"", **headers: str) -> Callable[[Call, Answer], None]:
    def reply(call: Call, _: Answer) -> None:
        call.reply(Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body))

    return reply


def _bytes(made: Callable[[Answer], bytes]) -> Callable[[Call, Answer], None]:
    return lambda call, answer: _raw(call, made(answer))


HOW: dict[str, Callable[[Call, Answer], None]] = {
    "closed": _close,
    "reset": _reset,
    "reset within the body": _reset_within,
    "silent": _silent,
    "silent within the body": _silent_within,
    "garbage": _bytes(lambda _: b"\x16\x03\x01\x00\xff garbage\r\n\r\n"),
    "half a status line": _bytes(lambda _: b"HTTP/1.1 2"),
    "a status line alone": _bytes(lambda answer: b"HTTP/1.1 %d OK\r\n" % answer.status),
    "half the headers": _bytes(lambda answer: _head(answer)[:-9]),
    "headers alone": _bytes(lambda answer: _head(answer, f"Content-Length: {len(answer.body) + 9}")),
    "half the body": _bytes(
        lambda answer: _head(answer, f"Content-Length: {len(answer.body) + 9}") + answer.body[: len(answer.body) // 2]
    ),
    "half the body, as if it were all": lambda call, answer: call.reply(
        Answer(answer.status, answer.headers, answer.body[: len(answer.body) // 2])
    ),
    "a chunk cut": _bytes(lambda answer: _head(answer, "Transfer-Encoding: chunked") + b"fff\r\n" + answer.body[:9]),
    "a chunk of no size": _bytes(lambda answer: _head(answer, "Transfer-Encoding: chunked") + b"zz\r\n\r\n"),
    "not compressed": _bytes(lambda answer: _head(answer, "Content-Encoding: gzip", "Content-Length: 4") + b"nope"),
    "408": _status(408),
    "429": _status(429, Retry_After="0"),
    "500": _status(500, b"<html>Oops</html>", Content_Type="text/html"),
    "502": _status(502, b"<html>Bad Gateway</html>", Content_Type="text/html"),
    "503": _status(503, Retry_After="0"),
    "520": _status(520),
    "504": _status(504),
}
REFUSALS = {"408", "429", "503"}
"""Answers by which a vendor says that it has not acted; after it has, they would be lies."""

KINDS = [(how, acted) for how in HOW for acted in (False, True) if not (acted and how in REFUSALS)]


class FaultyNetwork(Proxy):
    """Fails calls."""

    @override
    def answer_oddly(self, call: Call, chance: random.Random) -> None:
        how, acted = chance.choice(KINDS)
        answer = call.pass_on() if acted else Answer(200, {}, b'{"cut": "here"}')
        HOW[how](call, answer)
