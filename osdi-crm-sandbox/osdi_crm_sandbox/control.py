"""The sandbox as tests and scripts use it: start one or attach to one, make accounts, steer and inspect them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import requests

if TYPE_CHECKING:
    from types import TracebackType

JSON = Any


class Account:
    """An account in a running sandbox; its methods are the control API's calls.

    Attributes:
        vendor: such as "action_network".
        key: the credential.
        name: what the vendor would call the account.
        url: the vendor's API as clients' settings want it.
        settings: with which tap and target reach the account.
        credentials: what else a client may need, by vendor.
    """

    def __init__(self, sandbox: Sandbox, vendor: str, created: dict[str, Any]) -> None:
        self._sandbox = sandbox
        self._path = f"{vendor}/accounts/{quote(created['key'], safe='')}"
        self.vendor = vendor
        self.key: str = created["key"]
        self.name: str = created["account"]
        self.url: str = created["url"]
        self.settings: dict[str, Any] = {"vendor": vendor}
        self.settings |= {f"{vendor}_{name}": value for name, value in created["settings"].items()}
        self.credentials: dict[str, Any] = created["credentials"]

    def _control(self, method: str, path: str = "", body: JSON = None) -> JSON:
        return self._sandbox.control(method, self._path + path, body)

    def set(self, **options: JSON) -> None:
        """Changes options, such as rate, latency, jitter, index_lag."""
        self._control("PATCH", "", options)

    def counters(self) -> dict[str, Any]:
        """{"calls", "statuses", "overlaps", "first", "last", "resources"}."""
        return dict(self._control("GET"))

    def log(self) -> list[dict[str, Any]]:
        """Calls in the order of arrival: {"at", "method", "path", "query", "status", "body"}."""
        return list(self._control("GET", "/log"))

    def clear_log(self) -> None:
        """Forgets the calls so far, and the counters with them."""
        self._control("DELETE", "/log")

    def records(self, resource: str) -> list[dict[str, Any]]:
        """Every record as the API serves it."""
        return list(self._control("GET", f"/records/{resource}"))

    def insert(self, resource: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Stores records given as the API serves them, missing ids and dates filled in; the records as served."""
        return list(self._control("POST", f"/records/{resource}", records))

    def change(
        self,
        resource: str,
        ids: list[str] | None = None,
        *,
        count: int | None = None,
        modified_date: str | None = None,
        **values: JSON,
    ) -> list[dict[str, Any]]:
        """Merges values into records, those with these ids or so many at random; modified now unless said."""
        chosen: dict[str, Any] = {"count": count} if ids is None else {"ids": ids}
        order = chosen | {"set": values, "modified_date": modified_date}
        return list(self._control("PATCH", f"/records/{resource}", order))

    def delete(self, resource: str, ids: list[str] | None = None, *, count: int | None = None) -> None:
        """Takes records away, those with these ids or so many at random."""
        self._control("DELETE", f"/records/{resource}", {"count": count} if ids is None else {"ids": ids})

    def churn(self, resource: str, **pace: float) -> None:
        """Changes records from now on: changes_per_second, adds_per_second, or changes_per_call, adds_per_call."""
        self._control("POST", "/churn", {"resource": resource} | pace)

    def stop_churn(self) -> None:
        """Nothing changes by itself any more."""
        self._control("DELETE", "/churn")

    def fault(self, **order: JSON) -> None:
        """Orders a fault: do="status", method=, path=, times=, skip=, share=, … (see the README)."""
        self._control("POST", "/faults", [order])

    def clear_faults(self) -> None:
        """All is well again."""
        self._control("DELETE", "/faults")


class Sandbox:
    """A sandbox: `with Sandbox() as sandbox` starts one on a free port, `Sandbox(url)` attaches to one."""

    def __init__(self, url: str | None = None, *, vendors: list[str] | None = None, size: int = 200) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._process: subprocess.Popen[str] | None = None
        self._arguments = [f"--vendor={vendor}" for vendor in vendors or []] + [f"--size={size}"]
        self.url = (url or "").rstrip("/")

    def __enter__(self) -> Self:
        if not self.url:
            self.url = self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> str:
        command = [sys.executable, "-m", "osdi_crm_sandbox.command", "--port=0", *self._arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None  # noqa: S101  a pipe was asked for
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise RuntimeError("The sandbox ended before it was ready; its words stand on stderr")
        return line.split()[-1]

    def close(self) -> None:
        """Stops the sandbox if it was started here."""
        self._session.close()
        if self._process:
            self._process.terminate()
            self._process.communicate()
            self._process = None

    def control(self, method: str, path: str, body: JSON = None) -> JSON:
        """A call of the control API.

        Raises:
            ValueError: refused, with the reason.
        """
        response = self._session.request(method, f"{self.url}/_control/{path}", json=body, timeout=120)
        content = response.json()
        if not response.ok:
            raise ValueError(content["error"])
        return content

    def account(self, vendor: str, *, key: str | None = None, size: int = 0, seed: int = 1, **options: JSON) -> Account:
        """Makes an account: empty, or with data for so many people."""
        order = {"key": key, "size": size, "seed": seed, "options": options}
        return Account(self, vendor, self.control("POST", f"{vendor}/accounts", order))

    def existing(self, vendor: str, key: str = "sandbox") -> Account:
        """An account made before, such as the two that every vendor starts with.

        Raises:
            LookupError: there is none with this key.
        """
        for account in self.control("GET", f"{vendor}/accounts"):
            if account["key"] == key:
                return Account(self, vendor, account)
        raise LookupError(f"{vendor} has no account with this key")
