"""A message about a run that needs somebody's eyes, posted to an address; it has numbers and nobody's data."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("target-osdi-crm")

MANY, FEW = 20, 0.1
"""A stream of so many records in the last run is unusual with less than this share of them in the next."""

_SECONDS = 10
_SLACK = "hooks.slack.com"
_NUMBERS = ("vendor", "account", "source", "run", "code", "stopped", "calls", "seconds", "started", "streams")


def news(result: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return what is to be told of a run, a sentence each: nothing where all is well.

    Args:
        result: Its summary.
        before: The summary of the run before it; empty where there was none.
    """
    told = [f"It was stopped: {result['stopped']}"] if result["stopped"] else []
    for stream, counts in result["streams"].items():
        if left := counts["rejected"] + counts["unknown"]:
            told.append(f"{left:,} of {counts['read']:,} records of '{stream}' are not written.")
    for stream, counts in before.get("streams", {}).items():
        now = result["streams"].get(stream, {}).get("read", 0)
        if counts["read"] >= MANY and now < counts["read"] * FEW and not result["stopped"]:
            told.append(f"Only {now:,} records of '{stream}' came; the run before had {counts['read']:,}.")
    return told


def post(url: str, result: Mapping[str, Any], told: list[str]) -> None:
    """Post what is to be told: `{"text": …}` to Slack, elsewhere with the run's numbers beside it as `run`.

    That it cannot be posted is a warning: the run is over.
    """
    head = f"Run {result['run']} from '{result['source']}' into '{result['account']}' ({result['vendor']})"
    body: dict[str, Any] = {"text": "\n".join([f"{head}, exit code {result['code']}:", *told])}
    if urlsplit(url).hostname != _SLACK:
        body["run"] = {name: result[name] for name in _NUMBERS}
    try:
        requests.post(url, json=body, timeout=_SECONDS).raise_for_status()
    except requests.HTTPError as error:
        logger.warning("'notify_url' did not take the message (HTTP %d).", error.response.status_code)
    except requests.RequestException as error:
        logger.warning("The message could not be posted to 'notify_url' (%s).", type(error).__name__)
