"""Fixed sentences of a mail are translated when its template is compiled; what comes out is what Jinja would say."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from flask_babel import force_locale
from jinja2 import DictLoader

from app.reminders import mailer
from app.reminders.sentences import FixedSentences

PAGE = """{{ _('社评通') }} <b>{{- _('期限') -}}</b> {{ _('期限')|upper }} {{ _(words) }}
{{ _('%(name)s,您好:', name=name) }} {% if _('期限') %}{{ _("未翻译 100%% & <i>") }}{% endif %}{{ _('社评通') ~ name }}
{{ (_('期限')) }}{{ name }}{{ _('期限') }}{{ words }}{{ [_('期限')][0] }}"""


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("name", ["page.html", "page.txt"])
def test_it_says_the_same(app: Flask, locale: str, name: str) -> None:
    values = {"words": "补正期限", "name": "<甲>"}
    with app.app_context(), force_locale(locale):
        plain = app.jinja_env.overlay(loader=DictLoader({name: PAGE}), cache_size=10)
        fixed = app.jinja_env.overlay(loader=DictLoader({name: PAGE}), cache_size=10, extensions=[FixedSentences])
        said = fixed.get_template(name).render(values)
        assert said == plain.get_template(name).render(values)
    assert ("期限" in said.replace("补正期限", "")) == (locale == "zh")


def test_only_fixed_sentences_are_fixed(app: Flask) -> None:
    with app.app_context(), force_locale("en"):
        fixed = app.jinja_env.overlay(loader=DictLoader({"p.txt": PAGE}), cache_size=10, extensions=[FixedSentences])
        template = fixed.get_template("p.txt")
    # In another language afterwards: what was fixed stays, the rest follows.
    with app.app_context(), force_locale("zh"):
        said = template.render(words="期限", name="甲")
    assert "甲,您好" in said
    assert not said.startswith("社评通")


def test_no_name_becomes_html_in_a_reminder(app: Flask) -> None:
    """Parts shared by the text and the HTML of a mail are text; an organisation names itself."""
    name = '<a href="https://example.com">点这里</a>'
    context = {
        "kind": "supplement_due", "kind_label": "补正期限", "subject_label": name, "organisation": name,
        "due_on": date(2026, 6, 17), "days_left": -3, "offset_days": -3, "provisional": False, "of_authority": False,
        "words": {"due": "补正材料须在%(date)s前提交", "todo": "请登录查看并办理。", "button": "查看", "missed": "无"},
        "link": "/org", "statutory": True, "clause": None, "reminded": 1, "read": 0,
    }  # fmt: skip
    for audience in ("bound", "second", "bureau"):
        with app.app_context():
            mail = mailer.render("reminder", {**context, "audience": audience}, to_name=name)
        assert '<a href="https://example.com' not in mail.html
        assert "您收到此邮件,是因为" in mail.html
        assert name in mail.text
