"""What the tests of odd answers share: the target."""

from tests.target.conftest import target

__all__ = ["target"]
