"""What the tests of the shared package share: keys, which are slow to make."""

from __future__ import annotations

import pytest

from artrator.keys import PrivateKey


@pytest.fixture(scope="session")
def key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def other_key() -> PrivateKey:
    return PrivateKey.generate()
