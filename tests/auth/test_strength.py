"""Which passwords are taken."""

import time

import pytest

from auth.strength import Weakness, weakness

TRIED_FIRST = """
12345678 123456789 1234567890 11111111 88888888 password password1 Passw0rd! P@ssw0rd2024 qwertyuiop
qwerty123 1q2w3e4r 1qaz2wsx iloveyou abcd1234 abc12345 abcdefgh letmein1 trustno1 superman football1
monkey123 dragon12 sunshine princess1 welcome1 admin123 changeme123 Summer2024! asdf1234 zxcvbnm1
987654321 147258369 woaini1314 5201314520 a1b2c3d4 passwordpassword abababab 20242024 rollway1
""".split()  # noqa: SIM905 (so it can be read)
GOOD = [
    "long enough",
    "correct horse battery",
    "Zk3v9QpLw2aB",
    "xyzzy-plugh",
    "三个毫不相干的词语",
    "пароль из слов",
    "x7#k" * 64,
]


@pytest.mark.parametrize("password", TRIED_FIRST)
def test_what_is_tried_first_is_not_taken(password):
    """Usual words, runs, years, and a few characters more."""
    assert weakness(password) is Weakness.COMMON


@pytest.mark.parametrize("password", GOOD)
def test_what_takes_longer_is_taken(password):
    """In any alphabet."""
    assert weakness(password, personal=["ann", "ann@example.com"]) is None


@pytest.mark.parametrize(
    "password",
    [
        "ada.lovelace",
        "Ada.Lovelace1",
        "ada@engines.example",
        "engines2024",
        "ecalevol.ada",
        "ADAada12",
    ],
)
def test_the_accounts_own_name_is_not_taken(password):
    """Name and address, forwards or backwards, with a year or a number behind."""
    personal = ["ada.lovelace", "ada@engines.example"]

    assert weakness(password, personal=personal) is Weakness.COMMON


@pytest.mark.parametrize(
    "password", ["", "short", "séven77", "k" * 257, "\ufdfa" * 20, "\u0301" * 300]
)
def test_the_length_is_that_of_what_is_hashed(password):
    """8 to 256 characters, also after other forms of characters were made one."""
    assert weakness(password) is Weakness.LENGTH


@pytest.mark.parametrize("password", ["nul \0 within", "half \ud800 within"])
def test_what_is_no_text_is_not_taken(password):
    """It could not be stored, or not be typed again."""
    assert weakness(password) is Weakness.TEXT


def test_no_password_takes_long():
    """The worst of 256 characters: far from a second."""
    begin = time.process_time()
    for text in ("abcdefghij", "qazwsxedcrf", "password", "4@8({[</369&#!1/|0$5+7%2", "1q2w3e4r5t"):
        weakness((text * 256)[:256], personal=["a" * 63])

    assert time.process_time() - begin < 2
