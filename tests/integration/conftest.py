"""What several integration tests stand on."""

from __future__ import annotations

import pytest

from tests.integration.mail_server import Mailbox


@pytest.fixture
def mailbox() -> Mailbox:
    """What a mail server of the test's own does with each mail, and what it took."""
    return Mailbox()
