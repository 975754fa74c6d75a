"""Answers that are otherwise than documented, as the account option `altered` orders them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osdi_crm_sandbox.records import Record

KNOWN = frozenset({"path", "method", "rename", "words", "text", "drop", "under", "status"})


def checked(rules: Any) -> list[Record]:
    """The rules, each an object of what is known.

    Raises:
        ValueError: they are none.
    """
    for rule in rules:
        unknown = rule.keys() - KNOWN
        if unknown:
            raise ValueError(f"altered knows no {', '.join(sorted(unknown))}: choose from {', '.join(sorted(KNOWN))}")
        re.compile(rule.get("path", ""))
    return list(rules)


def altered(rules: Sequence[Record], method: str, path: str, response: Response) -> Response:
    """An answer as the rules want it that fit the call, one after the other."""
    for rule in rules:
        if rule.get("method", method) == method and re.search(rule.get("path", ""), path):
            response = _altered(rule, response)
    return response


def _altered(rule: Record, response: Response) -> Response:
    status = rule.get("status", {}).get(str(response.status_code), response.status_code)
    body = bytes(response.body)
    if body and response.status_code < 300:
        content = _changed(json.loads(body), rule)
        if "under" in rule:
            content = {rule["under"]: content}
        body = json.dumps(content, ensure_ascii=False).encode()
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(body, status, headers)


def _changed(value: Any, rule: Record) -> Any:
    if isinstance(value, dict):
        drop, rename, text = rule.get("drop", ()), rule.get("rename", {}), rule.get("text", ())
        changed = {name: _changed(each, rule) for name, each in value.items() if name not in drop}
        changed |= {name: str(each) for name, each in changed.items() if name in text and each is not None}
        return {rename.get(name, name): each for name, each in changed.items()}
    if isinstance(value, list):
        return [_changed(each, rule) for each in value]
    return rule.get("words", {}).get(value, value) if isinstance(value, str) else value
