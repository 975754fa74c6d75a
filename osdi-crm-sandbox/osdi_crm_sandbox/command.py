"""The command `osdi-crm-sandbox`."""

from __future__ import annotations

import argparse
import signal
import socket
import sys

import uvicorn
from typing_extensions import override

from osdi_crm_sandbox.application import Protocol, Server
from osdi_crm_sandbox.vendors import load


class AnnouncingServer(uvicorn.Server):
    """Says where it listens as soon as it does."""

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts listening."""
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            sys.stdout.write(f"Sandbox ready at http://{host}:{port}\n")
            sys.stdout.flush()


def main(arguments: list[str] | None = None) -> None:
    """Serves until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser("osdi-crm-sandbox", description="Organising CRMs on localhost.")
    parser.add_argument("--port", type=int, default=8765, help="port to listen on, 0 for a free one (default 8765)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--vendor", action="append", help="serve this vendor (repeatable; default all)")
    parser.add_argument("--size", type=int, default=200, help="people in each account `sandbox` (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="seed of their data (default 1)")
    options = parser.parse_args(arguments)
    try:
        server = Server(load(options.vendor))
    except LookupError as error:
        parser.error(str(error.args[0]))
    for vendor in server.vendors.values():
        vendor.open_account("sandbox", options.size, options.seed, {})
        vendor.open_account("sandbox-empty", 0, options.seed, {})
    try:
        listener = socket.create_server((options.host, options.port), backlog=2048)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        parser.error(f"cannot listen on {options.host}:{options.port}: {error.strerror}")
    config = uvicorn.Config(
        server,
        http=Protocol,
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=600,  # a busy machine's pause is no reason to close a connection under a call
        timeout_graceful_shutdown=1,
    )
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))
    AnnouncingServer(config).run([listener])


if __name__ == "__main__":
    main()
