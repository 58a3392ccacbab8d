"""Passwords: argon2id, ten characters and more, and none that a guesser tries first."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from zxcvbn import zxcvbn

from app.rules.core import N_, Refusal

MIN_LENGTH = 10
MAX_LENGTH = 128
# zxcvbn's scale is 0–4; below 2 a password falls to fewer than a million guesses.
MIN_SCORE = 2
# Its work grows with the square of the length, and what is guessable shows long before.
_JUDGED_LENGTH = 72
_SHORTEST_WORD = 4

_hasher = PasswordHasher()


def _normalise(password: str) -> str:
    # A Chinese input method may give full-width digits on one machine and plain ones on the next.
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """An argon2id hash with the library's current parameters. About 0.1 s of one core, on purpose."""
    return _hasher.hash(_normalise(password))


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password fits. Without a stored hash the work is the same, so time does not tell who exists."""
    try:
        fits = _hasher.verify(stored or _nobodys_hash(), _normalise(password)[: MAX_LENGTH * 4])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return bool(stored) and fits


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with older parameters."""
    return _hasher.check_needs_rehash(stored)


def check_password(password: str, *, personal: Iterable[str] = ()) -> None:
    """Refuse a password that is too short, too long, or easy to guess; `personal` are the address and names to avoid.

    Refusals: password_too_short, password_too_long, password_contains_personal, password_common.
    """
    plain = _normalise(password)
    if len(plain) < MIN_LENGTH:
        raise Refusal(
            "password_too_short",
            "",
            N_("密码至少 %(min)d 个字符,现为 %(length)d 个。可以用几个不相关的词连成一句。"),
            min=MIN_LENGTH,
            length=len(plain),
        )
    if len(plain) > MAX_LENGTH:
        raise Refusal("password_too_long", "", N_("密码最长 %(max)d 个字符,请缩短。"), max=MAX_LENGTH)
    words = _words(personal)
    folded = plain.casefold()
    if any(word in folded for word in words):
        raise Refusal("password_contains_personal", "", N_("密码不能包含您的邮箱、姓名或单位名称,请换一个。"))
    if zxcvbn(plain[:_JUDGED_LENGTH], user_inputs=words)["score"] < MIN_SCORE:
        raise Refusal(
            "password_common",
            "",
            N_("这个密码太常见或已泄露,很容易被猜到。请换一个,例如几个不相关的词连成一句。"),
        )


def _words(personal: Iterable[str]) -> list[str]:
    found: list[str] = []
    for text in personal:
        whole = unicodedata.normalize("NFKC", text).casefold().strip()
        found += [part for part in (whole, whole.partition("@")[0]) if len(part) >= _SHORTEST_WORD]
    return found
