"""The mails' templates with their fixed sentences translated once, when a template is compiled, not once a mail.

A mail asks for some fifty sentences, most of them without a variable. Each language has an environment of its own, in
which `{{ _('…') }}` has become plain text before Jinja compiles it; sentences with variables are translated as ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app
from flask_babel import get_domain
from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_SLOT = "sheping_mail_templates"
_FIXED = ("variable_begin", "name", "lparen", "string", "rparen", "variable_end")
"""The tokens of `{{ _('…') }}`."""


class FixedSentences(Extension):
    """Turns each `{{ _('…') }}` of a template into its translation, in the language in force while it is compiled."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The template's tokens, a fixed sentence as one piece of text."""
        held: list[Token] = []
        for token in stream:
            held.append(token)
            if token.type != _FIXED[len(held) - 1] or (token.type == "name" and token.value != "_"):
                # Only this last token may begin another sentence.
                again = token.type == _FIXED[0]
                yield from held[: -1 if again else None]
                held = [token] if again else []
            elif len(held) == len(_FIXED):
                said = get_domain().get_translations().gettext(held[3].value) % {}
                yield Token(held[0].lineno, "data", said)
                held = []
        yield from held


def environment_of(locale: str) -> Environment:
    """The templates' environment of a language, which must be in force while its templates are read."""
    known: dict[str, Environment] = current_app.extensions.setdefault(_SLOT, {})
    if locale not in known:
        known[locale] = current_app.jinja_env.overlay(extensions=[FixedSentences])
    return known[locale]
