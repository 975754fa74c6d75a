"""Faults that a test orders for an account's calls."""

from __future__ import annotations

import dataclasses
import json
import random
import re
from typing import Any

from starlette.responses import JSONResponse, Response

KINDS = ("status", "cut_before", "cut_after", "malformed", "html", "empty", "drop_field", "bytes", "delay")


@dataclasses.dataclass
class Fault:
    """What happens to calls that match.

    Attributes:
        do: one of KINDS.
        method: upper case; None for any.
        path: a regular expression, found anywhere in the path; None for any.
        times: how often; None for ever.
        skip: so many matching calls pass first.
        share: the part of matching calls it happens to, 0 to 1.
        status: of the answers "status" (500 unless given) and "html" (503 unless given).
        body: of the answer "status": JSON, a string as it is, or None for the vendor's own error.
        headers: of the answer "status".
        field: the property that "drop_field" takes out wherever it stands in the answer.
        find: the text that "bytes" takes out of the answer, wherever it stands.
        put: what "bytes" puts there: text whose characters stand for one byte each.
        seconds: of "delay".
    """

    do: str
    method: str | None = None
    path: str | None = None
    times: int | None = None
    skip: int = 0
    share: float = 1.0
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    field: str = ""
    find: str = ""
    put: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.do not in KINDS:
            raise ValueError(f"do must be one of {', '.join(KINDS)}, not {self.do!r}")
        if self.do == "bytes" and not (self.find and all(ord(each) < 256 for each in self.put)):
            raise ValueError("bytes needs `find`, and `put` of characters that stand for one byte each")
        self._pattern = re.compile(self.path or "")

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Fault:
        """A fault as ordered over HTTP.

        Raises:
            ValueError: an unknown property or kind, or a bad regular expression.
        """
        unknown = value.keys() - {known.name for known in dataclasses.fields(cls)}
        if unknown or "do" not in value:
            raise ValueError(f"A fault needs `do` and has no {', '.join(sorted(unknown)) or 'such form'}")
        try:
            return cls(**value)
        except re.error as error:
            raise ValueError(f"path is no regular expression: {error}") from error

    def strikes(self, method: str, path: str) -> bool:
        """Whether it happens to this call; counts the call if it matches."""
        if self.times == 0 or (self.method or method) != method or not self._pattern.search(path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.share < 1 and random.random() >= self.share:  # noqa: S311
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def spoil(self, response: Response) -> Response:
        """The answer that leaves instead of a good one."""
        if self.do == "malformed":
            body = bytes(response.body)
            return Response(body[: max(1, len(body) // 2)], response.status_code, media_type=response.media_type)
        if self.do == "bytes":
            body = bytes(response.body).replace(self.find.encode(), self.put.encode("latin-1"))
            return Response(body, response.status_code, media_type=response.media_type)
        if self.do == "drop_field":
            content = _without(json.loads(bytes(response.body)), self.field)
            return JSONResponse(content, response.status_code, media_type=response.media_type)
        return response

    def instead(self) -> Response | None:
        """The answer that leaves without any work done; None where the work is done or no answer leaves."""
        if self.do == "empty":
            return JSONResponse({})
        if self.do == "status" and isinstance(self.body, str):
            return Response(self.body, self.status or 500, self.headers, "text/plain")
        if self.do == "status" and self.body is not None:
            return JSONResponse(self.body, self.status or 500, self.headers)
        return None


def _without(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, name) for key, inner in value.items() if key != name}
    return [_without(inner, name) for inner in value] if isinstance(value, list) else value
