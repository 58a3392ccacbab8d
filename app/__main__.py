"""The console script `sheping`, also as `python -m app`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from app import cli, logs
from app.cli.main import sheping

if TYPE_CHECKING:
    from flask import Flask


def create_app(*args: Any, **kwargs: Any) -> Flask:
    """The application, imported only by the commands that need it."""
    from app import factory

    return factory.create_app(*args, **kwargs)


def main() -> None:
    """Run the command line."""
    logs.configure(human=sys.stderr.isatty())
    cli.run(sheping, create_app)


if __name__ == "__main__":
    main()
