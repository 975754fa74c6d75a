"""Answers as no vendor documents them: each made from a good one, the same for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An answer: status, headers, body."""

    status: int
    headers: dict[str, str]
    body: bytes


BODIES = (
    *(b"null", b"[]", b"{}", b"5", b'"x"', b"true", b"", b" ", b"[null]", b'{"data":null}', b'{"data":[]}'),
    *(b"<html><body>Sorry</body></html>", b'{"a"', b"\xef\xbb\xbf{}", b'{"name":"Jos\xe9"}', b'{"name":"\x01\x02"}'),
    *(
        b'{"name":"\\ud83d"}',
        b"NaN",
        b'{"n":1e999}',
        b"[" * 100_000,
        b"1" * 5000,
        b'{"id":{"id":1}}',
        b"\x1f\x8b\x08\x00",
    ),
)

VALUES: tuple[Any, ...] = (
    *(None, [], {}, 5, -1, 0.5, "", "x", True, False, 10**30, "1e99999999", "9999-12-31T23:59:59-05:00"),
    *("0001-01-01T00:00:00+01:00", "\ud83d", "\x00", {"id": {"id": 1}}, [[]], [None], ["x"], [5], "http://[", "//x"),
)

HEADERS = (
    *(("Date", each) for each in ("never", "", "Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT")),
    *(("Date", each) for each in ("Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 -0000", "-1")),
    *(("Retry-After", each) for each in ("-1", "nan", "x", "Mon, 01 Jan 0001 00:00:00 -0000")),
    *(("RateLimit-Remaining", each) for each in ("nan", "-1", "x")),
    *(("Content-Type", each) for each in ("text/html", "application/json; charset=latin-1", "x", "text/plain")),
    ("Location", "http://["),
)

STATUSES = (200, 201, 202, 204, 206, 226, 299, 302, 303, 304, 307, 400, 404, 409, 410, 418, 422, 451)


def mutated(answer: Answer, chance: random.Random) -> Answer:
    """The answer, changed in one way or two."""
    for change in chance.sample(CHANGES, chance.choice((1, 1, 2))):
        answer = change(answer, chance)
    return answer


def _body(answer: Answer, chance: random.Random) -> Answer:
    return replace(answer, body=chance.choice(BODIES))


def _cut(answer: Answer, chance: random.Random) -> Answer:
    return replace(answer, body=answer.body[: chance.randrange(len(answer.body) + 1)])


def _bytes(answer: Answer, chance: random.Random) -> Answer:
    body = bytearray(answer.body or b"x")
    body[chance.randrange(len(body))] = chance.randrange(256)
    return replace(answer, body=bytes(body))


def _status(answer: Answer, chance: random.Random) -> Answer:
    return replace(answer, status=chance.choice(STATUSES))


def _header(answer: Answer, chance: random.Random) -> Answer:
    name, value = chance.choice(HEADERS)
    return replace(answer, headers={**answer.headers, name: value})


def _deep(answer: Answer, chance: random.Random) -> Answer:
    """Put something else in the place of a value, wherever it stands, or take it away."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return _body(answer, chance)
    places = list(_places(body))
    if not places:
        return _body(answer, chance)
    inside, key = chance.choice(places)
    if chance.random() < 0.2:
        del inside[key]
    else:
        inside[key] = chance.choice(VALUES)
    return replace(answer, body=json.dumps(body).encode())


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from _places(inner)


CHANGES: tuple[Callable[[Answer, random.Random], Answer], ...] = (_body, _cut, _bytes, _status, _header, _deep, _deep)
