"""Posting to an address that a user typed, without letting them reach what only this server can reach.

https alone (http too in a demo), no user name, no redirect followed; the host is resolved once, every address it has
must be a public one, and the connection goes to the very address that was looked at.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from functools import cache
from urllib.parse import SplitResult, urlsplit

from app.config import Config
from app.rules.core import N_, Refusal

TIMEOUT_SECONDS = 10.0
MOST_READ = 4096
MOST_LONG = 500


class NotAllowed(Exception):
    """The address is one that nothing is posted to; the message says why."""


class NoAnswer(Exception):
    """The receiver could not be reached, or broke off."""


def check_url(url: str, settings: Config) -> None:
    """Refuse an address that nothing would be posted to. Refusals webhook_url_invalid, webhook_url_private."""
    try:
        parts = _parts(url, settings)
    except NotAllowed:
        raise Refusal(
            "webhook_url_invalid", "", N_("请填写以 https:// 开头的完整地址,地址中不能带用户名和密码。")
        ) from None
    try:
        _addresses(parts, settings)
    except NotAllowed:
        raise Refusal(
            "webhook_url_private", "", N_("不能推送到本机或内部网络的地址。请填写公网可以访问的地址。")
        ) from None
    except NoAnswer:
        raise Refusal("webhook_url_unknown", "", N_("找不到这个地址的主机。请核对后再保存。")) from None


def host_of(url: str) -> str:
    """The host, for lists and the trail: the path may hold a token."""
    return urlsplit(url).hostname or ""


def post(url: str, content: bytes, *, headers: Mapping[str, str], settings: Config) -> int:
    """Post once; returns the HTTP status. Raises NotAllowed, NoAnswer."""
    parts = _parts(url, settings)
    address = _addresses(parts, settings)[0]
    connection = _Pinned(parts, address)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body=content, headers={**headers, "Connection": "close"})
        response = connection.getresponse()
        response.read(MOST_READ)
        return response.status
    except (OSError, http.client.HTTPException) as problem:
        raise NoAnswer(f"{type(problem).__name__}: {problem}"[:300]) from problem
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever the host's name resolves to by now; TLS checks the name."""

    def __init__(self, parts: SplitResult, address: str) -> None:
        super().__init__(parts.hostname or "", parts.port or _default_port(parts), timeout=TIMEOUT_SECONDS)
        self._address = address
        self._tls = parts.scheme == "https"

    def connect(self) -> None:
        raw = socket.create_connection((self._address, self.port), timeout=self.timeout)
        try:
            self.sock = _tls().wrap_socket(raw, server_hostname=self.host) if self._tls else raw
        except OSError:
            raw.close()
            raise


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _default_port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _parts(url: str, settings: Config) -> SplitResult:
    schemes = ("https", "http") if settings.demo else ("https",)
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        raise NotAllowed("the address cannot be read") from None
    if len(url) > MOST_LONG or not url.isascii() or any(ord(char) <= 0x20 for char in url) or not port_fits:
        raise NotAllowed("the address cannot be read")
    if parts.scheme not in schemes or not parts.hostname or parts.username is not None or parts.password is not None:
        raise NotAllowed(f"only {' and '.join(schemes)} addresses without a user name")
    return parts


def _addresses(parts: SplitResult, settings: Config) -> list[str]:
    """Where the host is. Raises NotAllowed when any of it is inside, NoAnswer when it has no address."""
    try:
        found = socket.getaddrinfo(
            parts.hostname, parts.port or _default_port(parts), type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, UnicodeError) as problem:
        raise NoAnswer(f"the host is not known: {problem}"[:300]) from problem
    addresses = [str(entry[4][0]) for entry in found]
    if not settings.webhook_private:
        for address in addresses:
            if not _is_public(address):
                raise NotAllowed(f"{address} is not a public address")
    if not addresses:
        raise NoAnswer("the host has no address")
    return addresses


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if mapped is not None and not mapped.is_global:
        return False
    return ip.is_global and not ip.is_multicast
