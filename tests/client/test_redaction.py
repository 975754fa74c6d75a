"""No secret leaves through a log line, an exception or a warning, however it got there."""

from __future__ import annotations

import base64
import json
import logging
import sys
from urllib.parse import quote

import pytest
from osdi_crm_client import redaction
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


def test_whatever_is_said_while_a_test_runs_is_looked_at(captured_output: CapturedOutput, account: Account) -> None:
    program = f"import sys; print('eve@example.org', '{account.key}', file=sys.stderr)"

    logging.getLogger("anywhere").warning("ada@example.org")
    commands.run([sys.executable, "-c", program], check=True)

    assert captured_output.private() == {"ada@example.org", "eve@example.org", account.key}
    captured_output.lines.clear()
