"""No secret leaves through a log line, an exception or a warning, however it got there."""

from __future__ import annotations

import base64
import json
import logging
import sys
from urllib.parse import quote

import pytest
from osdi_crm_client import errors, redaction
from osdi_crm_sandbox.control import Account

from tests import commands
from tests.captured_output import CapturedOutput

SECRET = "s3cr3t/with+odd=chars"


@pytest.fixture(autouse=True)
def installed() -> None:
    redaction.install({"token": SECRET, "public": "shown"}, ["token"])


@pytest.mark.parametrize("form", [SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode()])
def test_a_log_line_is_clean(form: str, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("any").warning("the key %s is bad, shown", form)

    assert caplog.messages == ["the key [secret] is bad, shown"]


def test_a_logged_exception_is_clean_with_all_it_came_from(caplog: pytest.LogCaptureFixture) -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"echoed {SECRET}") from error
    except ValueError:
        logging.getLogger("any").exception("failed")

    assert SECRET not in caplog.text
    assert "echoed [secret]" in caplog.text


def test_a_secret_learnt_later_is_hidden_too(caplog: pytest.LogCaptureFixture) -> None:
    redaction.hide("fresh-access-token")
    logging.getLogger("any").warning("fresh-access-token")

    assert caplog.messages == ["[secret]"]


def test_a_replaced_logging_configuration_undoes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    handler = logging.StreamHandler()
    logger = logging.getLogger("replaced")
    logger.handlers, logger.propagate = [handler], False
    logger.error("key %s", SECRET)

    assert capsys.readouterr().err == "key [secret]\n"


def test_a_secret_is_hidden_where_it_stands_quoted_or_is_no_text(caplog: pytest.LogCaptureFixture) -> None:
    odd = 'quo"te\\slash\nclé'
    redaction.install({"text": odd, "number": 12345678, "list": ["in-a-list"]}, ["text", "number", "list"])
    logging.getLogger("any").warning("%r %s %s %s", [odd], json.dumps(odd), 12345678, {"a": ["in-a-list"]})

    assert caplog.messages == ["""['[secret]'] "[secret]" [secret] {'a': ['[secret]']}"""]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("ann.b+c@example.org is taken", "[address] is taken"),
        ("no user%40example.org here", "no [address] here"),
        ("Phone +1 (202) 555-0123 is in use, 2025550123 too", "Phone [number] is in use, [number] too"),
        ("person 5f3e1234-1234-4234-8234-123456789012", "person 5f3e1234-1234-4234-8234-123456789012"),
        ("since 2026-11-30T20:00:00Z, id 12345", "since 2026-11-30T20:00:00Z, id 12345"),
        ("token=abcdef1 and Bearer abcdefghijk", "token=[secret] and Bearer [secret]"),
        ('{"api_key": "abc"}', '{"api_key": "[secret]"}'),
    ],
)
def test_a_vendors_words_name_nobody(words: str, told: str) -> None:
    assert redaction.masked(words) == told
    assert told in str(errors.Refused("the vendor refused", method="GET", path="/people", words=words))


def test_a_name_with_a_line_break_forges_no_line(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("any").warning("'%s' is read", "people\n2026-01-01 ERROR all is lost\u2028\x1b[2J")
    logging.getLogger("any").warning("%s", errors.ConfigurationError("a\nb"))
    logging.getLogger("any").warning("%s", redaction.OwnLines("a\nb"))

    assert caplog.messages == ["'people\\n2026-01-01 ERROR all is lost\\u2028\\x1b[2J' is read", "a\\nb", "a\nb"]


def test_whatever_is_said_while_a_test_runs_is_looked_at(captured_output: CapturedOutput, account: Account) -> None:
    program = f"import sys; print('eve@example.org', '{account.key}', file=sys.stderr)"

    logging.getLogger("anywhere").warning("ada@example.org")
    commands.run([sys.executable, "-c", program], check=True)

    assert captured_output.private() == {"ada@example.org", "eve@example.org", account.key}
    captured_output.lines.clear()
