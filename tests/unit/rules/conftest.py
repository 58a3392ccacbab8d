from datetime import date

import pytest

from app.rules.settings import Settings
from app.rules.workdays import Calendar, calendar_from_chinesecalendar


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    return calendar_from_chinesecalendar()


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings()


@pytest.fixture(scope="session")
def plain_calendar() -> Calendar:
    """Monday–Friday only, loaded for no year."""
    return Calendar(days={}, loaded_years=frozenset())


@pytest.fixture
def today() -> date:
    return date(2026, 11, 23)
