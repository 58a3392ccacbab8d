"""Fixed sentences of a mail are translated when its template is compiled; what comes out is what Jinja would say."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale
from jinja2 import DictLoader

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
