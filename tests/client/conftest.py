"""What the client's tests share: settings that sign in to NationBuilder with an app."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from osdi_crm_sandbox.control import Account, Sandbox


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    """A nation."""
    return sandbox.account("nationbuilder", size=3)


@pytest.fixture
def app(account: Account, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Settings that sign in with the nation's app and its first refresh token, unless said otherwise."""

    def settings(**more: Any) -> dict[str, Any]:
        return {
            "vendor": "nationbuilder",
            "nationbuilder_slug": account.credentials["slug"],
            "nationbuilder_api_url": account.url,
            "nationbuilder_client_id": account.credentials["client_id"],
            "nationbuilder_client_secret": account.credentials["client_secret"],
            "nationbuilder_refresh_token": account.credentials["refresh_token"],
            "work_dir": str(tmp_path / "work"),
            "calls_per_second": 0,
            **more,
        }

    return settings
