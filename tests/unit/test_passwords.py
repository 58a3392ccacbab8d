"""Passwords and addresses as people type them."""

from __future__ import annotations

import pytest

from app.rules.core import Refusal
from tenants.accounts import addresses, passwords

GOOD = "purple window seven"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short one", "password_too_short"),
        ("a1" * 65, "password_too_long"),
        ("1234567890", "password_common"),
        ("qwertyuiop", "password_common"),
        ("password123", "password_common"),
        ("aaaaaaaaaaaa", "password_common"),
        ("xx-wang.jianguo-77", "password_contains_personal"),
        ("济南齐鲁技师学院的密码", "password_contains_personal"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(password: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        passwords.check_password(password, personal=("wang.jianguo@example.cn", "王建国", "济南齐鲁技师学院"))
    assert refused.value.code == code


@pytest.mark.parametrize("password", [GOOD, "青山绿水白云飞鸟落日圆", "T9#vq-2Lx!mz0", "x" * 5 + "Kp2~" * 20])
def test_a_good_password_passes(password: str) -> None:
    passwords.check_password(password, personal=("wang@example.cn", "王建国"))


def test_the_length_named_is_the_one_that_counts() -> None:
    with pytest.raises(Refusal) as refused:
        passwords.check_password("九个汉字的一个密码")
    assert "现为 9 个" in str(refused.value)


def test_a_short_name_is_no_reason() -> None:
    """王 or Li would be found in many a good password."""
    passwords.check_password(GOOD, personal=("li@example.cn", "win"))


def test_full_width_digits_are_the_same_password() -> None:
    stored = passwords.hash_password("purple window ２０２６")
    assert passwords.verify_password(stored, "purple window 2026")
    assert not passwords.verify_password(stored, "purple window 2027")


def test_nobody_has_no_password() -> None:
    assert not passwords.verify_password(None, "nobody has this password")
    assert not passwords.verify_password("", "nobody has this password")


def test_hashes_are_argon2id_and_salted() -> None:
    first, second = passwords.hash_password(GOOD), passwords.hash_password(GOOD)
    assert first.startswith("$argon2id$")
    assert first != second
    assert not passwords.needs_rehash(first)
    assert passwords.needs_rehash("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$2oGqWEDjsoZNCTLUNYEw5g")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" Wang@Example.CN ", "wang@example.cn"),
        ("ｗａｎｇ＠example。cn", "wang@example.cn"),
        ("li.si+banks@mail.example-1.com.cn", "li.si+banks@mail.example-1.com.cn"),
    ],
)
def test_an_address_is_normalised(typed: str, address: str) -> None:
    assert addresses.check_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    ["", "wang", "wang@", "@example.cn", "wang@example", "wang@@example.cn", "a b@example.cn", "wang@-x.cn", ".w@x.cn",
     "w..w@x.cn", "wang@example.cn\nBcc: all@example.cn", "王建国@example.cn", "w@" + "x" * 250 + ".cn", "<w@x.cn>"],
)  # fmt: skip
def test_what_can_be_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        addresses.check_address(typed)
    assert refused.value.code == "email_malformed"


def test_the_trail_keeps_no_whole_address() -> None:
    assert addresses.mask("wang@example.cn") == "w***@example.cn"
