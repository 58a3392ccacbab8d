"""A real aiosmtpd that misbehaves as real servers do: refuses, greylists, breaks the line after DATA, is not there."""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask

from app.embedded.state import free_port


class Mailbox:
    """Keeps what it took; misbehaves by `refuse`, `grey`, `data_answer`, `drop_after_data`, `hold_at` (to, taken)."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []
        self.raw: list[bytes] = []
        self.return_paths: list[str] = []
        self.refuse: dict[str, str] = {}
        self.grey: dict[str, int] = {}
        self.data_answer = ""
        self.drop_after_data = 0
        self.keep_dropped = False
        self.connections = 0
        self.hold_at = ""
        self.held = threading.Event()
        self.go_on = threading.Event()

    async def _hold(self, server: SMTP, point: str) -> None:
        """Stand still at this point until the test lets go: time enough to kill the sender."""
        if self.hold_at == point:
            self.held.set()
            while not self.go_on.is_set():
                await server.loop.run_in_executor(None, self.go_on.wait, 0.2)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._hold(server, "recipient")
        if address in self.refuse:
            return self.refuse[address]
        if self.grey.get(address, 0) > 0:
            self.grey[address] -= 1
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data_answer:
            return self.data_answer
        dropping = self.drop_after_data > 0
        if not dropping or self.keep_dropped:
            message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.taken.append((envelope.rcpt_tos[0], message))
            self.raw.append(envelope.original_content or b"")
            self.return_paths.append(envelope.mail_from or "")
        await self._hold(server, "taken")
        if dropping:
            self.drop_after_data -= 1
            server.transport.abort()
        return "250 2.0.0 stored"


@contextmanager
def running(mailbox: Mailbox, port: int | None = None) -> Iterator[str]:
    """The server on loopback; its SMTP_URL."""
    port = port or free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@contextmanager
def delivering(mailbox: Mailbox, *apps: Flask, **changes: Any) -> Iterator[str]:
    """A server for the mailbox, to which these applications send, their settings changed besides; gives its address."""
    before = [app.config["SHEPING"] for app in apps]
    with running(mailbox) as url:
        for app in apps:
            app.config["SHEPING"] = replace(app.config["SHEPING"], smtp_url=url, **changes)
        try:
            yield url
        finally:
            for app, settings in zip(apps, before, strict=True):
                app.config["SHEPING"] = settings
