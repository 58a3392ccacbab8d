"""A mail as bytes: headers encoded once, a plain-text and an HTML twin in base64, CRLF throughout.

Written out rather than through `email.message`, which parses every header again and takes longer than the mail server
needs to take the mail. A test reads each mail back with it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.utils import format_datetime
from functools import lru_cache
from hashlib import blake2s

from app.clock import SHANGHAI

_SPECIALS = re.compile(r'[()<>\[\]:;@\\,."]')
_LINE = 76
_MARKS = len("=?utf-8?b??=")


@dataclass(frozen=True)
class Rendered:
    """The words of one mail."""

    subject: str
    text: str
    html: str


def compose(
    words: Rendered,
    *,
    sender: Address,
    recipient: Address,
    at: datetime,
    message_id: str,
    fields: Iterable[tuple[str, str]],
    calendar: Mapping[str, str] | None = None,
) -> bytes:
    """The whole message. `fields` are further headers, one line each; `calendar` {method, text} an iTIP message,
    which stands beside the words for programs that take it from there and as a file for those that do not.

    `Auto-Submitted`, `Precedence` and `X-Auto-Response-Suppress` keep answering machines quiet.
    """
    text, html = _part("plain", words.text), _part("html", words.html)
    parts = [text, html, *([_calendar_part(calendar)] if calendar else [])]
    boundary = "=_" + blake2s(message_id.encode() + text[-64:] + html[-64:], digest_size=12).hexdigest()
    kind, body = "alternative", _multipart(boundary, parts)
    if calendar:
        head = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode("ascii")
        boundary = f"=-{boundary[2:]}"
        kind, body = "mixed", _multipart(boundary, [head + body, _calendar_file(calendar)])
    headers = (
        ("Subject", _encoded(words.subject, len("Subject"))),
        ("From", _mailbox(sender)),
        ("To", _mailbox(recipient)),
        ("Date", format_datetime(at.astimezone(SHANGHAI))),
        ("Message-ID", message_id),
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "bulk"),
        ("X-Auto-Response-Suppress", "All"),
        *fields,
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/{kind}; boundary="{boundary}"'),
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("utf-8")
    return head + b"\r\n" + body


def _multipart(boundary: str, parts: Sequence[bytes]) -> bytes:
    mark = b"--" + boundary.encode("ascii")
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _calendar_part(calendar: Mapping[str, str]) -> bytes:
    return _part(f"calendar; method={calendar['method']}", calendar["text"])


def _calendar_file(calendar: Mapping[str, str]) -> bytes:
    named = _part("calendar", calendar["text"]).partition(b"\r\n")[2]
    head = b'Content-Type: application/ics; name="invite.ics"\r\n'
    return head + b'Content-Disposition: attachment; filename="invite.ics"\r\n' + named


def _part(subtype: str, content: str) -> bytes:
    # base64: a server without 8BITMIME, or one that cuts long lines, cannot spoil it.
    body = base64.encodebytes(content.encode("utf-8")).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return head.encode("ascii") + body


def _mailbox(address: Address) -> str:
    return f"{_phrase(address.display_name)}\r\n <{address.addr_spec}>" if address.display_name else address.addr_spec


@lru_cache(maxsize=2048)
def _phrase(name: str) -> str:
    if not name.isascii():
        return _encoded(name, len("From"))
    if _SPECIALS.search(name):
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return name


def _encoded(words: str, used: int) -> str:
    if words.isascii() and len(words) + used < _LINE:
        return words
    # RFC 2047 by hand: words of whole characters, each line within its length.
    lines, room, line = [], (_LINE - used - len(": ") - _MARKS) // 4 * 3, b""
    for character in words:
        raw = character.encode("utf-8", "replace")
        if len(line) + len(raw) > room:
            lines.append(line)
            room, line = (_LINE - 1 - _MARKS) // 4 * 3, b""
        line += raw
    lines.append(line)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(line).decode('ascii')}?=" for line in lines)
