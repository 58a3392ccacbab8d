"""The `sheping` command: one module a subject; commands build the application only when they need it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from app.config import ConfigError
from app.rules.core import Refusal
from uploads.errors import PartDown

if TYPE_CHECKING:
    from flask import Flask

    CreateApp = Callable[..., Flask]


@dataclass(frozen=True)
class Context:
    """What a command is given: how to build the application for a database role."""

    create_app: CreateApp

    @contextmanager
    def as_system(self, role: str = "worker") -> Iterator[Flask]:
        """Inside the application, as the system, with the worker's database role."""
        # Not before: `rules` and `banks` need neither database nor web, and should start at once.
        from tenants import scope
        from tenants.scope import SYSTEM

        app = self.create_app(role)
        with app.app_context(), scope.use(SYSTEM):
            yield app


pass_context = click.make_pass_decorator(Context)


class CommandFailed(Exception):
    """A command cannot go on; the message is the one line that says why."""


# What is an operator's matter rather than a bug: shown as one line, without a traceback.
_EXPECTED = (CommandFailed, ConfigError, PartDown, Refusal, OSError)


def _is_expected(error: Exception) -> bool:
    from redis.exceptions import RedisError
    from sqlalchemy.exc import DBAPIError

    return isinstance(error, (*_EXPECTED, DBAPIError, RedisError))


def run(group: click.Group, create_app: CreateApp) -> None:
    """Run the command line: failures are one line on standard error and exit code 1 (2 for wrong usage)."""
    try:
        group.main(prog_name="sheping", obj=Context(create_app), standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        more = f" ({error.ctx.command_path} --help)" if isinstance(error, click.UsageError) and error.ctx else ""
        sys.stderr.write(f"sheping: {' '.join(error.format_message().split())}{more}\n")
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        if not _is_expected(error):
            raise
        reason = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
        sys.stderr.write(f"sheping: {reason[0]}\n")
        sys.exit(1)
