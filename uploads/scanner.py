"""The virus scanner: clamd over INSTREAM where one is configured; otherwise the scan is skipped and says so."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlparse

from clamav_client import get_scanner
from clamav_client.clamd import BufferTooLongError, ClamdError, ClamdNetworkSocket

from uploads.errors import PartDown


class TooLargeToScan(Exception):
    """The file is over the scanner's own limit (StreamMaxLength): waiting would not help."""


def _address(clamd_url: str) -> tuple[str, int]:
    parsed = urlparse(clamd_url if "://" in clamd_url else f"tcp://{clamd_url}")
    return parsed.hostname or "127.0.0.1", parsed.port or 3310


def describe(clamd_url: str) -> str:
    """The scanner's state for `/readyz`: `ok`, `not configured (files are not scanned)`, or what is wrong."""
    if not clamd_url:
        return "not configured (files are not scanned)"
    host, port = _address(clamd_url)
    try:
        info = get_scanner({"backend": "clamd", "address": f"{host}:{port}", "timeout": 2.0, "stream": True}).info()
    except Exception as error:  # noqa: BLE001 - the client's library raises many kinds; each is named to the operator
        return f"down: {type(error).__name__}"
    return f"ok: {info.version}"


def scan(path: Path, clamd_url: str) -> str:
    """`clean`, `skipped` (none configured) or `infected:<name>`.

    Raises TooLargeToScan, and PartDown when the scanner gives no verdict.
    """
    if not clamd_url:
        return "skipped"
    host, port = _address(clamd_url)
    client = ClamdNetworkSocket(host=host, port=port, timeout=300.0)
    try:
        with path.open("rb") as file:
            report = client.instream(file)
    except BufferTooLongError as error:
        raise TooLargeToScan(str(error)) from error
    except (BrokenPipeError, ConnectionResetError) as error:
        # Over its limit clamd hangs up in the middle of the stream; a clamd that is gone does not answer a ping.
        if _answers(host, port):
            raise TooLargeToScan(type(error).__name__) from error
        raise PartDown("scanner", f"{type(error).__name__}: {error}") from error
    except (ClamdError, OSError) as error:
        raise PartDown("scanner", f"{type(error).__name__}: {error}") from error
    state, details = report.get("stream", ("ERROR", "no verdict"))
    if state == "OK":
        return "clean"
    if state == "FOUND":
        return f"infected:{details}"
    # An error is not a clean bill.
    raise PartDown("scanner", f"{state}: {details}")


def _answers(host: str, port: int) -> bool:
    try:
        return bool(ClamdNetworkSocket(host=host, port=port, timeout=2.0).ping())
    except (ClamdError, OSError):
        return False
