"""`sheping up` with stand-ins for the service's own processes: the chaos is about the supervisor and the servers.

`python -m tests.chaos.standin DATA_DIR PORT [never-ready|broken-migration|endless-seed]`
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from app.embedded.supervisor import Commands, up


class Ready(BaseHTTPRequestHandler):
    """Answers every GET with 200."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


class NeverReady(Ready):
    """Answers every GET with 503, as /readyz does when a part is down."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b'{"database": "down"}')


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def main() -> None:
    data_dir, port, *mode = sys.argv[1:]
    me = [sys.executable, "-m", "tests.chaos.standin"]
    migration = "raise SystemExit('no such revision')" if "broken-migration" in mode else "print('migrated')"
    seeding = "; import time; time.sleep(600)" if "endless-seed" in mode else ""
    commands = Commands(
        steps={
            "migrations": python(migration),
            "demo data": python(f"print('seeding', flush=True){seeding}"),
        },
        processes={
            "web": [*me, "serve", "never" if "never-ready" in mode else "ready"],
            "worker": python("import time; time.sleep(600)"),
        },
        accounts=python("print('owner@example.org  a-password')"),
        ready_seconds=6 if "never-ready" in mode else 30,
    )
    sys.exit(up(Path(data_dir), int(port), commands=commands))


def serve() -> None:
    handler = Ready if sys.argv[2] == "ready" else NeverReady
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), handler).serve_forever()


if __name__ == "__main__":
    serve() if sys.argv[1] == "serve" else main()
