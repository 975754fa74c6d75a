"""The command `osdi-crm-sign-in`: let the app into an account in a browser, and keep the tokens for tap and target."""

from __future__ import annotations

import secrets
import sys
import time
import webbrowser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import click
from typing_extensions import override

from osdi_crm_client import redaction, settings, startup, stdout, tokens
from osdi_crm_client.account import Account
from osdi_crm_client.errors import ConfigurationError, NotSignedIn, VendorError
from osdi_crm_client.settings import ClientSettings
from osdi_crm_client.vendor import vendor, vendor_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from osdi_crm_client.tokens import CodeGrant

CALLBACK = "http://localhost:8766/callback"
LONGEST_WAIT = 600
"""Seconds to wait for the person in the browser."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with 1 if it comes to nothing."""
    stdout.run(sign_in, "osdi-crm-sign-in", arguments, (ConfigurationError, VendorError))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", type=click.Path(path_type=Path), required=True, help="The settings of the tap or target, as JSON."
)
@click.option("--callback", default=CALLBACK, show_default=True, help="The app's callback, as the vendor knows it.")
@click.option(
    "--paste", is_flag=True, help="Do not wait for the browser to come back; ask for the address it was sent to."
)
def sign_in(config: Path, callback: str, *, paste: bool) -> None:
    """Let the app into an account in a browser, and keep the tokens for tap and target."""
    _sign_in(_settings(config), callback, paste=paste)


def _settings(file: Path) -> dict[str, Any]:
    config = startup.object_of(file, "settings")
    if config.get("vendor") not in vendor_names():
        raise ConfigurationError(f"The setting 'vendor' must be one of {', '.join(vendor_names())}.")
    redaction.install(config, (*vendor(config["vendor"]).secrets, "token_store"))
    return config


def _sign_in(config: Mapping[str, Any], callback: str, *, paste: bool) -> None:
    shared = settings.parse(ClientSettings, config)
    at = vendor(shared.vendor)
    if at.code_grant is None:
        raise ConfigurationError(f"{at.title} is not signed in to in a browser; its settings are enough.")
    grant, store = at.code_grant(at.own(config), shared), tokens.store(shared)
    code = _code(grant, callback, paste=paste)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback}
    try:
        pair = grant.exchange(form)
    except NotSignedIn as error:
        raise ConfigurationError(
            f"{at.title} did not take the code ({error.words}): it may be over or used, the app's secret wrong, or the"
            f" callback not {callback}. Start again."
        ) from None
    except tokens.Unanswered:
        raise ConfigurationError(f"{at.title} did not say whether it took the code. Start again.") from None
    with store.locked() as held:
        held.write(grant.key, pair)
    Account(config).check()
    print(f"Signed in to {at.title}. Tap and target with the same settings find the tokens.")  # noqa: T201


def _code(grant: CodeGrant, callback: str, *, paste: bool) -> str:
    """Send the person to the vendor's page, and return the code that comes back.

    Raises:
        ConfigurationError: If none does.
    """
    state = secrets.token_urlsafe(24)
    query = {
        "response_type": "code",
        "client_id": grant.client["client_id"],
        "redirect_uri": callback,
        "state": state,
    }
    page = f"{grant.authorize_url}?{urlencode(query)}"
    if paste:
        print(f"Open this page in any browser and say yes:\n\n    {page}\n")  # noqa: T201
        print("The browser then goes to an address that may not open. Paste that whole address here:", flush=True)  # noqa: T201
        back = sys.stdin.readline().strip()
    else:
        back = _awaited(page, callback, state)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    if "error" in answer:
        raise ConfigurationError(f"The vendor did not let the app in ({answer['error'][:60]}).")
    if "code" not in answer or "state" not in answer:
        raise ConfigurationError("That is not the whole address: it ends in '?code=…&state=…'. Start again.")
    if not secrets.compare_digest(answer["state"].encode(), state.encode()):
        raise ConfigurationError("That address answers to another sign-in than this one. Start again.")
    redaction.hide(answer["code"])
    return answer["code"]


def _awaited(page: str, callback: str, state: str) -> str:
    """Open the page, and return the address that the browser comes back with; those of other sign-ins are ignored."""
    where = urlsplit(callback)
    if where.scheme != "http" or where.hostname not in {"localhost", "127.0.0.1"}:
        raise ConfigurationError(f"Nothing on this machine can answer to {callback}; use --paste.")
    try:
        server = _Callback(where.port or 80, where.path, state)
    except OSError as error:
        raise ConfigurationError(f"Nothing can listen at {callback} ({error.strerror}); use --paste.") from None
    with server:
        print(f"Say yes in the browser. If none opens, open this page on this machine:\n\n    {page}\n", flush=True)  # noqa: T201
        webbrowser.open(page)
        end = time.monotonic() + LONGEST_WAIT
        while not server.back and time.monotonic() < end:
            server.handle_request()
    if not server.back:
        raise ConfigurationError(f"Nobody said yes within {LONGEST_WAIT} seconds. Start again.")
    return server.back


class _Callback(ThreadingHTTPServer):
    """Waits for the browser to come back to this machine, and to no other."""

    timeout = 1
    back = ""
    daemon_threads = False  # the browser has its answer before the command goes on

    def __init__(self, port: int, path: str, state: str) -> None:
        super().__init__(("127.0.0.1", port), _Answer)
        self.path = path
        self.state = state


class _Answer(BaseHTTPRequestHandler):
    server: _Callback

    def do_GET(self) -> None:
        """Take the address if it is the callback and carries the state that was sent, or else a refusal."""
        asked = urlsplit(self.path)
        query = parse_qs(asked.query)
        if asked.path != self.server.path or (query.get("state") != [self.server.state] and "error" not in query):
            self._say(400, "This is not the sign-in that was begun.")
            return
        self._say(200, "Thank you; this page can be closed.")
        self.server.back = self.path

    def _say(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the address holds the code."""
