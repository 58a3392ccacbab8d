"""Handing a message to the mail server, and what its refusal means: for ever, for now, or nobody is there.

`SMTP_URL` is `smtp://[user:password@]host[:port]` or `smtps://…`. STARTTLS is used where the server offers it;
`?starttls=required` insists on it, `?starttls=off` does without. A password never goes to another host
over an open line.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qs, unquote, urlsplit

from app.config import ConfigError
from app.jobs import NotReady

TIMEOUT_SECONDS = 20
IDLE_SECONDS = 2.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_STARTTLS = ("auto", "required", "off")
_TOO_BIG = 552
_PERMANENT = 500


class MailRefused(Exception):
    """The mail server does not take this mail; the message is its answer in one line."""


class Bounced(MailRefused):
    """It never will (5xx for this recipient or this mail): trying again is of no use."""


class Deferred(MailRefused):
    """Not now (4xx, a broken connection): it may already have taken the mail, so the same Message-ID is used again."""


class MailServerDown(NotReady):
    """No mail server answers, or it refuses us altogether: all mail waits, and no attempt is counted."""


@dataclass(frozen=True)
class Server:
    """Where mail is handed over. `password` is never shown."""

    host: str
    port: int
    tls: bool
    starttls: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port})"


def parse_url(url: str) -> Server:
    """Read `SMTP_URL`. Raises ConfigError, without the password, when it makes no sense."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise ConfigError("SMTP_URL: the port is not a number") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ConfigError("SMTP_URL must look like smtp://user:password@host:port or smtps://…")
    starttls = parse_qs(parts.query).get("starttls", ["auto"])[0]
    if starttls not in _STARTTLS:
        raise ConfigError(f"SMTP_URL: starttls is one of {', '.join(_STARTTLS)}")
    tls = parts.scheme == "smtps"
    return Server(
        host=parts.hostname,
        port=port or (465 if tls else 25),
        tls=tls,
        starttls=starttls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


_open: ContextVar[_Line | None] = ContextVar("sheping_smtp_line", default=None)


class _Line:
    """One connection used for many mails; made at the first of them and again where it broke."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._client: smtplib.SMTP | None = None
        self._used_at = 0.0

    def client(self) -> smtplib.SMTP:
        # A line that has just served is not asked first whether it lives: a broken one shows, and is told apart, below.
        idle = time.monotonic() - self._used_at > IDLE_SECONDS
        if self._client is not None and idle and not _answers(self._client):
            self.drop()
        if self._client is None:
            self._client = _connect(self.server)
        return self._client

    def served(self) -> None:
        self._used_at = time.monotonic()

    def drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            _quit(client)


@contextmanager
def connection(url: str) -> Iterator[None]:
    """Have the mails sent inside this block share one connection to the server at `url`, made with the first."""
    if not url:
        yield
        return
    line = _Line(parse_url(url))
    token = _open.set(line)
    try:
        yield
    finally:
        _open.reset(token)
        line.drop()


def deliver(url: str, message: bytes, *, sender: str, recipient: str) -> None:
    """Hand over one message, as it is to travel (CRLF). Returns when the server has taken it.

    A recipient whose mailbox name is not ASCII needs a server with SMTPUTF8 (RFC 6531).

    Raises Bounced, Deferred or MailServerDown; ConfigError for an address of the server that makes no sense.
    """
    if not url:
        raise MailServerDown("no mail server is configured: set SMTP_URL")
    line = _open.get() or _Line(parse_url(url))
    client = line.client()
    try:
        client.sendmail(sender, [recipient], message, mail_options=_options(client, recipient))
        line.served()
    except smtplib.SMTPRecipientsRefused as refused:
        code, answer = next(iter(refused.recipients.values()))
        raise _refusal(code, answer) from refused
    except smtplib.SMTPSenderRefused as refused:
        raise _sender_refusal(refused) from refused
    except smtplib.SMTPNotSupportedError as unsupported:
        raise Bounced(f"the mail server cannot write to such an address: {unsupported}") from unsupported
    except smtplib.SMTPResponseException as refused:
        line.drop()
        raise _refusal(refused.smtp_code, refused.smtp_error) from refused
    except (smtplib.SMTPServerDisconnected, OSError) as broken:
        line.drop()
        raise Deferred(f"the connection broke during the handover: {broken}") from broken
    finally:
        if _open.get() is None:
            line.drop()


def _options(client: smtplib.SMTP, recipient: str) -> tuple[str, ...]:
    if recipient.isascii():
        return ()
    if not client.has_extn("smtputf8"):
        raise smtplib.SMTPNotSupportedError("it does not speak SMTPUTF8")
    return ("SMTPUTF8", "BODY=8BITMIME")


def _connect(server: Server) -> smtplib.SMTP:
    client: smtplib.SMTP | None = None
    try:
        if server.tls:
            client = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=_tls())
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        client.ehlo_or_helo_if_needed()
        encrypted = server.tls or _start_tls(client, server)
        if server.user:
            if not encrypted and server.host not in _LOOPBACK:
                raise MailServerDown(f"{server.host} offers no TLS, and a password does not go over an open line")
            client.login(server.user, server.password)
    except (smtplib.SMTPException, OSError) as problem:
        if client is not None:
            _quit(client)
        raise MailServerDown(f"the mail server {server.host}:{server.port} does not serve us: {problem}") from problem
    except MailServerDown:
        if client is not None:
            _quit(client)
        raise
    return client


@cache
def _tls() -> ssl.SSLContext:
    # Reading the machine's certificates takes longer than a mail: once a process, and only where TLS is spoken.
    return ssl.create_default_context()


def _start_tls(client: smtplib.SMTP, server: Server) -> bool:
    if server.starttls == "off" or (server.starttls == "auto" and not client.has_extn("starttls")):
        return False
    client.starttls(context=_tls())
    client.ehlo()
    return True


def _answers(client: smtplib.SMTP) -> bool:
    # RSET also clears whatever the mail before left behind.
    try:
        return client.rset()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _quit(client: smtplib.SMTP) -> None:
    with suppress(smtplib.SMTPException, OSError):
        client.quit()
    client.close()


def _refusal(code: int, answer: bytes | str) -> MailRefused:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    line = f"{code} {' '.join(text.split())}"[:500]
    return Bounced(line) if code >= _PERMANENT else Deferred(line)


def _sender_refusal(refused: smtplib.SMTPSenderRefused) -> Exception:
    if refused.smtp_code < _PERMANENT or refused.smtp_code == _TOO_BIG:
        return _refusal(refused.smtp_code, refused.smtp_error)
    # The server does not want us as a sender: no fault of the recipient's, and the operator must act.
    return MailServerDown(
        f"the mail server refuses our sender address: {_refusal(refused.smtp_code, refused.smtp_error)}"
    )
