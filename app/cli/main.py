"""The command line's root. A command's module is imported when the command is called: each brings its own weight."""

from __future__ import annotations

import importlib

import click

# name -> (module, the command in it)
COMMANDS = {
    "up": ("stack", "up"),
    "web": ("processes", "web"),
    "worker": ("processes", "worker"),
    "scheduler": ("processes", "scheduler"),
    "db": ("database", "db_group"),
    "demo": ("demo_clock", "demo_group"),
    "deadlines": ("deadlines", "deadlines"),
    "reminders": ("deadlines", "reminders"),
    "bounces": ("bounces", "bounces"),
    "rules": ("inspection", "rules"),
    "banks": ("inspection", "banks"),
    "documents": ("documents", "documents"),
    "tokens": ("records", "tokens"),
    "audit": ("records", "audit"),
    "doctor": ("stack", "doctor"),
    "custody": ("custody", "custody"),
    "backup": ("stack", "backup"),
    "restore": ("stack", "restore"),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(f"app.cli.{module}"), attribute)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sheping")
def sheping() -> None:
    """社评通: the filing of social training & evaluation organisations in Shandong."""
