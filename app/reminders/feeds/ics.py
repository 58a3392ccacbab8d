"""Calendar text (RFC 5545, iTIP of RFC 5546) that clients honour: stable UIDs, sequences, alarms, Asia/Shanghai.

A deadline is an all-day event on its last day; one that ends at another hour than 24:00 is an event at that hour.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Alarm, Calendar, Event, Timezone, TimezoneStandard, vCalAddress, vText, vUri

from app.clock import SHANGHAI

PRODUCT = "-//Sheping//Deadlines//ZH"
DOMAIN = "sheping"
"""Part of every UID, whatever address the service has: a calendar must recognise an event after the service moved."""
REFRESH = timedelta(hours=1)
NINE = timedelta(hours=9)
_ALL_DAY_ALARMS = (timedelta(days=-7) + NINE, timedelta(days=-1) + NINE, NINE)
_TIMED_ALARMS = (timedelta(days=-1), timedelta(hours=-1))


@dataclass(frozen=True)
class Entry:
    """One event. `starts` is a date (all day) or an aware instant; `status` TENTATIVE, CONFIRMED or CANCELLED."""

    uid: str
    sequence: int
    changed_at: datetime
    summary: str
    description: str
    starts: date | datetime
    ends: date | datetime
    url: str
    status: str = "CONFIRMED"
    place: str = ""
    category: str = ""
    alarmed: bool = True
    busy: bool = False


@dataclass(frozen=True)
class Person:
    """An organiser or an attendee."""

    name: str
    email: str


def uid_of(kind: str, key: uuid.UUID) -> str:
    """The UID of one thing for ever."""
    return f"{kind}-{key}@{DOMAIN}"


def feed(entries: Iterable[Entry], *, name: str) -> bytes:
    """A calendar to subscribe to."""
    calendar = _calendar()
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", vText(name))
    calendar.add("x-wr-timezone", vText("Asia/Shanghai"))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vText("PT1H"))
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def invitation(entry: Entry, *, method: str, organizer: Person, attendee: Person) -> str:
    """One event sent to one person: REQUEST (also an update, by its higher sequence) or CANCEL."""
    calendar = _calendar()
    calendar.add("method", method)
    event = _event(entry)
    host = vCalAddress(f"MAILTO:{organizer.email}")
    host.params["CN"] = vText(organizer.name)
    event.add("organizer", host)
    guest = vCalAddress(f"MAILTO:{attendee.email}")
    guest.params["CN"] = vText(attendee.name)
    guest.params["ROLE"] = vText("REQ-PARTICIPANT")
    guest.params["PARTSTAT"] = vText("NEEDS-ACTION")
    # The answer belongs into the product, where a conflict is declared with it (R64).
    guest.params["RSVP"] = vText("FALSE")
    event.add("attendee", guest)
    calendar.add_component(event)
    return bytes(calendar.to_ical()).decode()


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    zone = Timezone()
    zone.add("tzid", "Asia/Shanghai")
    standard = TimezoneStandard()
    # China has kept one hour since 1992; nothing here lies before.
    standard.add("dtstart", datetime(1992, 1, 1))  # noqa: DTZ001 - a local time by definition
    standard.add("tzoffsetfrom", timedelta(hours=8))
    standard.add("tzoffsetto", timedelta(hours=8))
    standard.add("tzname", "CST")
    zone.add_component(standard)
    calendar.add_component(zone)
    return calendar


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    # Of the change, not of the moment of asking: the same content is the same bytes.
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("dtstart", _when(entry.starts))
    event.add("dtend", _when(entry.ends))
    event.add("url", vUri(entry.url))
    event.add("status", entry.status)
    event.add("class", "PRIVATE")
    event.add("transp", "OPAQUE" if entry.busy and entry.status != "CANCELLED" else "TRANSPARENT")
    if entry.place:
        event.add("location", entry.place)
    if entry.category:
        event.add("categories", [entry.category])
    if entry.alarmed and entry.status != "CANCELLED":
        for trigger in _TIMED_ALARMS if isinstance(entry.starts, datetime) else _ALL_DAY_ALARMS:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", entry.summary)
            alarm.add("trigger", trigger)
            event.add_component(alarm)
    return event


def _when(value: date | datetime) -> date | datetime:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
