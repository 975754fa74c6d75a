"""The application: every vendor under its name, and the control API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from osdi_crm_sandbox.control_api import control_app
from osdi_crm_sandbox.server import VendorApp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

    from osdi_crm_sandbox.vendor import Vendor


class Protocol(HttpToolsProtocol):
    """Lets the application close a connection without an answer."""

    @override
    def on_message_begin(self) -> None:
        """Puts the transport into the request's scope."""
        super().on_message_begin()
        self.scope["state"]["transport"] = self.transport


class Server:
    """The application: every vendor under its name, the control API under /_control."""

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self.vendors = {name: VendorApp(vendor) for name, vendor in vendors.items()}
        self._control = control_app(self.vendors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        first = scope["path"].split("/", 2)[1]
        if first == "_control":
            still_quoted = scope["raw_path"].decode("latin-1")
            await self._control({**scope, "path": still_quoted}, receive, send)
        elif first in self.vendors:
            await self.vendors[first].call(scope, receive, send)
        else:
            await PlainTextResponse(f"No such vendor: {first}", 404)(scope, receive, send)
