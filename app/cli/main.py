"""The command line's root: every group by name."""

from __future__ import annotations

import click

from app.cli.database import db_group
from app.cli.deadlines import deadlines, reminders
from app.cli.demo import demo_group
from app.cli.demo_clock import clock_command
from app.cli.inspection import banks, rules
from app.cli.processes import scheduler, web, worker
from app.cli.records import audit, tokens
from app.cli.stack import backup, doctor, restore, up


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sheping")
def sheping() -> None:
    """社评通: the filing of social training & evaluation organisations in Shandong."""


demo_group.add_command(clock_command)
for _command in (
    up,
    db_group,
    web,
    worker,
    scheduler,
    tokens,
    audit,
    rules,
    banks,
    demo_group,
    deadlines,
    reminders,
    doctor,
    backup,
    restore,
):
    sheping.add_command(_command)
