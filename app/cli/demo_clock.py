"""`sheping demo clock`: the visitor of a demo fast-forwards half a year and watches the reminders arrive."""

from __future__ import annotations

from datetime import timedelta

import click

from app import clock
from app.cli import CommandFailed, Context, pass_context
from app.cli.demo import demo_group, demo_settings
from app.config import Config
from app.reminders import walk


@click.command("clock", context_settings={"ignore_unknown_options": True})
@click.argument("step", required=False, metavar="[+150d|+2w|+3h|-30d|reset]")
@pass_context
def clock_command(context: Context, step: str | None) -> None:
    """Show the demo's clock, or move it: forward day by day, sending what falls due; back or reset sends nothing."""
    with context.as_system() as app:
        settings = demo_settings(app.config["SHEPING"])
        if step is not None:
            _move(step, settings)
        click.echo(f"the clock says {clock.now().astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M} (Asia/Shanghai)")


def _move(words: str, settings: Config) -> None:
    try:
        step = walk.parse_step(words)
    except ValueError as error:
        raise CommandFailed(str(error)) from None
    if step is None:
        walk.set_offset(timedelta())
        return
    sent = 0
    for day in walk.walk(step, smtp_url=settings.smtp_url):
        sent += day.sent
        if not day.is_quiet:
            click.echo(_line(day))
    if step.total_seconds() > 0:
        click.echo(f"{sent} reminders sent")


def _line(day: walk.Day) -> str:
    parts = [
        f"{count} {what}"
        for count, what in (
            (day.sent, "reminders sent"),
            (day.digests, "daily digests"),
            (day.skipped, "no longer needed"),
            (day.failed, "not delivered"),
            (day.missed, "deadlines missed"),
            (day.renewals, "renewals opened, closed or ended"),
        )
        if count
    ]
    if day.waiting:
        parts.append(f"mail waits: {day.waiting}")
    return f"{day.at.astimezone(clock.SHANGHAI):%Y-%m-%d %a}  {', '.join(parts)}"


demo_group.add_command(clock_command)
