"""A mail server on loopback that keeps every mail as a file: the development page shows them, tests read them.

`python -m app.embedded.mail --port 1025 --folder .sheping/mail`
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import smtplib
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from app.embedded.part import Part

SIZE_LIMIT_BYTES = 25 * 1024 * 1024


class Folder:
    """An aiosmtpd handler: one .eml a mail, whole or not there, and on disk before the sender hears 250."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        try:
            self.keep(envelope)
        except OSError as problem:
            # 452: the sender keeps the mail and tries again.
            return f"452 4.3.1 cannot store the mail: {problem.strerror}"
        return "250 2.0.0 stored"

    def keep(self, envelope: Envelope) -> Path:
        """Write one mail, with who it was handed over from and to as its first lines. Returns its file."""
        # Real time, not the demo clock: the name only orders arrivals.
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        path = self.folder / f"{stamp}-{next(self._numbers)}.eml"
        partial = path.with_suffix(".partial")
        header = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {', '.join(envelope.rcpt_tos)}\r\n"
        with partial.open("wb") as file:
            file.write(header.encode("utf-8") + bytes(envelope.original_content or b""))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        return path


class MailServer(Part):
    """The mail server of one data folder, as a process of its own."""

    name = "mail"

    def __init__(self, *, home: Path, log_dir: Path, environ: Mapping[str, str], port: int) -> None:
        super().__init__(home=home, log_dir=log_dir, environ=environ)
        self.port = port

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "app.embedded.mail", "--port", str(self.port), "--folder", str(self.home)]

    def is_ready(self) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=2) as client:
                return client.noop()[0] == 250
        except smtplib.SMTPException:
            return False


async def serve(*, port: int, folder: Path) -> None:
    """Answer on loopback until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    handler = Folder(folder)
    server = await loop.create_server(
        lambda: SMTP(handler, enable_SMTPUTF8=True, data_size_limit=SIZE_LIMIT_BYTES, loop=loop), "127.0.0.1", port
    )
    async with server:
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(port=options.port, folder=options.folder))


if __name__ == "__main__":
    main()
