"""Deadlines and visits in people's own calendars: private feeds, and invitations that go with mails."""
