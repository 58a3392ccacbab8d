"""The virus scanner: clamd over INSTREAM where one is configured; otherwise the scan is skipped and says so."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlparse

from clamav_client import get_scanner
from clamav_client.scanner import ScanResult

from uploads.errors import PartDown


def _address(clamd_url: str) -> str:
    parsed = urlparse(clamd_url if "://" in clamd_url else f"tcp://{clamd_url}")
    # A machine's own clamd usually listens on a socket file: unix:///run/clamav/clamd.ctl
    return parsed.path if parsed.scheme == "unix" else f"{parsed.hostname}:{parsed.port or 3310}"


def describe(clamd_url: str) -> str:
    """The scanner's state for `/readyz`: `ok`, `not configured (files are not scanned)`, or what is wrong."""
    if not clamd_url:
        return "not configured (files are not scanned)"
    try:
        info = get_scanner({"backend": "clamd", "address": _address(clamd_url), "timeout": 2.0, "stream": True}).info()
    except Exception as error:  # noqa: BLE001 - the client's library raises many kinds; each is named to the operator
        return f"down: {type(error).__name__}"
    return f"ok: {info.version}"


def scan(path: Path, clamd_url: str) -> str:
    """`clean`, `skipped` (none configured) or `infected:<name>`. Raises PartDown when the scanner gives no verdict."""
    if not clamd_url:
        return "skipped"
    client = get_scanner({"backend": "clamd", "address": _address(clamd_url), "timeout": 300.0, "stream": True})
    try:
        result: ScanResult = client.scan(str(path))
    except Exception as error:
        raise PartDown("scanner", f"{type(error).__name__}: {error}") from error
    if result.state == "OK":
        return "clean"
    if result.state == "FOUND":
        return f"infected:{result.details}"
    # An error (also a stream over clamd's own limit) is not a clean bill.
    raise PartDown("scanner", str(result.err or result.details or result.state))
