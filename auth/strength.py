"""What a password must be: long enough, and not one of those that are tried first.

A list of every known password would be megabytes of other people's words. What they have in common
is that they fall into few parts: a usual word, a run along the keyboard or the alphabet, a year,
one character again and again, the account's own name. So the parts are counted.
"""

import re
from collections.abc import Iterable
from enum import Enum, auto

from auth.passwords import LENGTH_MAX, LENGTH_MIN, UNSTORABLE, normal

PARTS_MIN = 5
DIFFERENT_MIN = 4
RUN_MIN = 3
YEARS = re.compile(r"(?:19|20)\d\d")
DISGUISES = str.maketrans("@4310$57!|", "aaeiosstil")
RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertz",
    "azerty",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "!@#$%^&*()",
    "147258369",
    "159357",
    "a1b2c3d4e5f6",
)
ORDERS = (*RUNS, *(each[::-1] for each in RUNS))
# The words that passwords are made of everywhere, and those of this trade.
WORDS_TEXT = """
1314 520 abc access account adam admin admin123 administrator aini alex alibaba amanda andrea
andrew angel anna apple asdf ashley august austin autumn baby baidu banana barbara baseball
basketball batman beautiful beijing blue boss buster butterfly camaro change changeit changeme
charlie cheese chelsea chen chicken china chocolate chris christ city cloud coffee company
computer cookie corvette cowboy daniel david december default demo deploy deployer dev developer
diamond dog donald dragon eagle easy elephant empire enter example family february ferrari fish
flower football forever freedom friday friend friends fuckyou gandalf gateway george ginger git
gitee github god golf google guest hannah happy harley hello hockey house huang hunter iceman
ilove iloveu iloveyou internet jackson james january jasmine jenkins jennifer jessica jesus john
johnny jordan joseph joshua july june justin killer king kitty knight lakers letmein
letmeinplease li liu liverpool london lord love lovely loveme loveyou maggie manager march
marina marine master matrix matthew maverick mercedes merlin michael michelle mickey midnight
mike mima monday money monkey monster morgan mother mustang my mypass mypassword naruto nicole
nihao nothing november october ok oracle orange parola pass passcode passphrase passwd password
pepper phoenix player please pokemon pony porsche prince princess private purple python qwerty
ranger red richard robert rollway root samantha samsung sandra scooter secret secure security
september server service shadow shanghai sky smile snoopy soccer spring star starwars steelers
sterling steven summer sunday sunshine super superman supervisor system taobao taylor temp
temppass tencent tennis test tester testing thomas thunder tiger tigger today trustme trustno
user username victoria wang wechat weixin welcome whatever william winner winter wizard woai
woaini wodemima work world worldcup yang yankees yellow you your zaq zhang
"""
WORDS = frozenset(WORDS_TEXT.split())


class Weakness(Enum):
    """Why a password is not taken."""

    LENGTH = auto()
    TEXT = auto()
    COMMON = auto()


def weakness(password: str, *, personal: Iterable[str] = ()) -> Weakness | None:
    """Return what is wrong with a new password; None when it may be used.

    *personal* is what everybody knows of the account: its name, its e-mail address.
    """
    if UNSTORABLE.search(password):
        return Weakness.TEXT
    text = normal(password)
    if len(password) > LENGTH_MAX or not LENGTH_MIN <= len(text) <= LENGTH_MAX:
        return Weakness.LENGTH
    known = {part for each in personal for part in re.split(r"\W+", each.casefold()) if part}
    known |= {each.casefold() for each in personal}
    plain = text.casefold()
    if len(set(plain)) < DIFFERENT_MIN or plain[::-1] in known:
        return Weakness.COMMON
    return Weakness.COMMON if _parts(plain, WORDS | known) < PARTS_MIN else None


def _parts(text: str, words: frozenset[str]) -> int:
    """Return into how few parts *text* falls: words, runs, years, repeats, single characters."""
    disguised = text.translate(DISGUISES)
    longest = max(map(len, words))
    fewest = [0] * (len(text) + 1)
    for end in range(1, len(text) + 1):
        fewest[end] = fewest[end - 1] + 1
        for begin in range(max(0, end - longest), end):
            if text[begin:end] in words or disguised[begin:end] in words:
                fewest[end] = min(fewest[end], fewest[begin] + 1)
        if YEARS.fullmatch(text[max(0, end - 4) : end]):
            fewest[end] = min(fewest[end], fewest[end - 4] + 1)
        for length in (_run(text[:end]), _repeat(text[:end])):
            for begin in range(end - length, end - RUN_MIN + 1):
                fewest[end] = min(fewest[end], fewest[begin] + 1)
    return fewest[-1]


def _run(text: str) -> int:
    """Return how many characters at the end of *text* follow each other in a known order."""
    length = 0
    for order in ORDERS:
        for size in range(length + 1, min(len(text), len(order)) + 1):
            if text[-size:] not in order:
                break
            length = size
    return length


def _repeat(text: str) -> int:
    """Return how often the last character stands at the end of *text*."""
    return len(text) - len(text.rstrip(text[-1]))
