import base64
import html
import json
import random
import shlex
from itertools import groupby
from operator import itemgetter
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.output.masking import Masker, Secrets

PEM = "-----BEGIN KEY-----\n" + "\n".join(f"{n:02}" + "aB3+/xYz" * 7 for n in range(20)) + "\n"


def streamed(masker, chunks):
    return b"".join([*map(masker.feed, chunks), masker.flush()])


def brute_force(patterns, data):
    """Mask every byte of *data* that lies within any pattern; runs become one mask."""
    covered = bytearray(len(data))
    for pattern in patterns:
        at = data.find(pattern)
        while at >= 0:
            covered[at : at + len(pattern)] = b"\1" * len(pattern)
            at = data.find(pattern, at + 1)
    shown = b""
    for at, byte in enumerate(data):
        if not covered[at]:
            shown += bytes([byte])
        elif at == 0 or not covered[at - 1]:
            shown += b"***"
    return shown


@given(
    secrets=st.lists(st.text(alphabet="ab", min_size=4, max_size=7), min_size=1, max_size=4),
    chunks=st.lists(st.text(alphabet="abc", max_size=9).map(str.encode), max_size=12),
)
def test_streaming_masks_what_brute_force_masks(secrets, chunks):
    """However output is cut, the same bytes are masked as if it had come at once."""
    masker = Masker(Secrets(secrets))
    whole = b"".join(chunks)
    patterns = masker._secrets.search.patterns
    assert streamed(masker, chunks) == brute_force(patterns, whole)
    assert masker._secrets.mask(whole.decode()).encode() == brute_force(patterns, whole)


class Oracle:
    """Masks a stream with growing secrets by brute force: what was given out stays as it is."""

    def __init__(self, secrets):
        self.since = dict.fromkeys(Secrets(secrets).search.patterns, 0)
        self.data = b""
        self.given = 0

    def feed(self, chunk):
        """Take bytes; all but the beginning of a known pattern is given out."""
        self.data += chunk
        starts = (
            at
            for at in range(self.given, len(self.data))
            for pattern in self.since
            if len(self.data) - at < len(pattern) and pattern.startswith(self.data[at:])
        )
        self.given = next(starts, len(self.data))

    def add(self, value):
        """Take a secret that is searched for from what was not given out on."""
        for pattern in Secrets([value]).search.patterns:
            self.since.setdefault(pattern, self.given)

    def shown(self):
        """Return the whole stream, masked."""
        covered = bytearray(len(self.data))
        for pattern, since in self.since.items():
            for at in range(since, len(self.data) - len(pattern) + 1):
                if self.data.startswith(pattern, at):
                    covered[at : at + len(pattern)] = b"\1" * len(pattern)
        runs = groupby(zip(self.data, covered, strict=True), key=itemgetter(1))
        return b"".join(b"***" if hit else bytes(byte for byte, _ in run) for hit, run in runs)


@settings(max_examples=3 * settings.default.max_examples)
@given(
    secrets=st.lists(st.text(alphabet="ab", min_size=4, max_size=7), max_size=2),
    events=st.lists(
        st.one_of(
            st.text(alphabet="abc", max_size=9).map(str.encode),
            st.text(alphabet="abc", min_size=4, max_size=7),
        ),
        max_size=14,
    ),
)
def test_secrets_that_come_while_the_stream_flows_are_masked(secrets, events):
    """A new secret counts from what was not given out yet on, in every stream at once."""
    known, oracle = Secrets(secrets), Oracle(secrets)
    maskers, shown = [Masker(known), Masker(known)], [b"", b""]
    for event in events:
        if isinstance(event, str):
            known.add(event)
            oracle.add(event)
        else:
            oracle.feed(event)
            shown = [text + masker.feed(event) for text, masker in zip(shown, maskers, strict=True)]
    shown = [text + masker.flush() for text, masker in zip(shown, maskers, strict=True)]
    assert shown == [oracle.shown()] * 2


@pytest.mark.parametrize(
    "secret", ["s3cret-value", "päß wörd'\"<&>/+", PEM], ids=["plain", "odd", "pem"]
)
def test_a_secret_split_anywhere_is_never_seen(secret):
    """Every cut in two, and byte by byte."""
    masker = Masker(Secrets([secret]))
    data = f"before {secret} after".encode()
    for at in range(len(data) + 1):
        assert streamed(masker, [data[:at], data[at:]]) == b"before *** after"
    assert streamed(masker, [bytes([byte]) for byte in data]) == b"before *** after"


@pytest.mark.parametrize(
    "secret",
    ["s3cret&value", 'it\'s "q" <b> a/b+c=d é', "x\ty\\z1", PEM],
    ids=["url", "quotes", "blanks", "pem"],
)
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        lambda text: quote(text, safe=""),
        quote,
        quote_plus,
        html.escape,
        lambda text: text.replace("'", "'\\''"),
        lambda text: text.encode().hex(),
        lambda text: text.encode().hex().upper(),
        str.strip,
    ],
    ids=["json", "json-utf8", "url", "url-path", "form", "html", "shell", "hex", "HEX", "strip"],
)
def test_usual_encodings_are_masked(secret, encode):
    """JSON, URL, HTML, shell and hex text of a secret are secret."""
    assert Secrets([secret]).mask(f"<{encode(secret)}>") == "<***>"
    assert "***" in Secrets([secret]).mask(shlex.quote(secret))


@pytest.mark.parametrize(
    "written",
    [
        "it's%20a%20%22b%22%3Cc%3E%26d%2Fe!(f)*~%24g",
        "it's%20a%20%22b%22%3Cc%3E&d/e!(f)*~$g",
        "it%27s+a+%22b%22%3Cc%3E%26d%2Fe%21%28f%29*%7E%24g",
        "it%27s%20a%20%22b%22%3cc%3e%26d%2fe%21%28f%29%2a~%24g",
        r"it's a \"b\"\u003cc\u003e\u0026d/e!(f)*~$g",
        r"it's a \"b\"<c>&d\/e!(f)*~$g",
        r"""it\'s a "b"<c>&d/e!(f)*~$g""",
        r"""it\'s\ a\ \"b\"\<c\>\&d/e\!\(f\)\*~\$g""",
        "it&#39;s a &quot;b&quot;&lt;c&gt;&amp;d/e!(f)*~$g",
        "it&#39;s a &#34;b&#34;&lt;c&gt;&amp;d/e!(f)*~$g",
        "it&apos;s a &quot;b&quot;&lt;c&gt;&amp;d/e!(f)*~$g",
    ],
    ids=[
        *("encodeURIComponent", "encodeURI", "URLSearchParams", "lower-case", "go", "php"),
        *("repr", "printf-q", "html", "go-html", "jq-html"),
    ],
)
def test_encodings_of_other_languages_are_masked(written):
    """JavaScript leaves more as it is in a URL than Python; others escape more."""
    assert Secrets(['it\'s a "b"<c>&d/e!(f)*~$g']).mask(f"<{written}>") == "<***>"


def test_base64_is_masked_at_every_alignment():
    """What stands around a secret inside base64 does not hide it."""
    chance = random.Random(1)
    masker = Masker(Secrets(["s3cret-value"]))
    inner = base64.b64encode(b"s3cret-value").decode().rstrip("=")[2:-2]
    for _ in range(300):
        around = chance.randbytes(chance.randrange(6)), chance.randbytes(chance.randrange(6))
        data = around[0] + b"s3cret-value" + around[1]
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            shown = masker._secrets.mask(encode(data).decode())
            assert "***" in shown
            assert inner not in shown


@pytest.mark.parametrize("tail", ["", "\n"], ids=["bare", "with-line-break"])
@pytest.mark.parametrize(
    ("encode", "width"),
    [(base64.b64encode, 76), (base64.b64encode, 64), (bytes.hex, 60)],
    ids=["base64", "openssl", "xxd"],
)
def test_wrapped_encodings_of_a_long_secret_are_masked(encode, width, tail):
    """What `base64`, `openssl base64` and `xxd -p` print of a key is the key."""
    key = "".join(random.Random(2).choices("abcdefghijklmnopqrstuvwxyz0123456789+/", k=1000))
    encoded = encode((key + tail).encode())
    text = encoded if isinstance(encoded, str) else encoded.decode()
    lines = [text[at : at + width] for at in range(0, len(text), width)]

    shown = Secrets([key]).mask("\n".join(lines)).split("\n")

    whole = [line for line in lines if len(line) >= 8]
    assert not set(whole) & set(shown)


def test_lines_of_a_secret_are_secret():
    """A key printed in part is masked line by line; short lines are not."""
    masker = Masker(Secrets(['{\n  "key": "longer than eight"\n}']))
    assert masker._secrets.mask('  "key": "longer than eight"') == "  ***"
    assert masker._secrets.mask("{ } }") == "{ } }"


@pytest.mark.parametrize("secret", ["s3cret-value", 'it\'s a "päß"', PEM[:120]])
def test_no_size_of_chunks_shows_a_secret(secret):
    """A secret at every offset in chunks of every size, as it is and encoded."""
    known = Secrets([secret])
    for text in (secret, json.dumps(secret)[1:-1], secret.encode().hex(), quote(secret)):
        for size in range(1, len(text.encode()) + 2):
            for offset in range(min(size, 40)):
                data = b"." * offset + text.encode() + b"!"
                chunks = [data[at : at + size] for at in range(0, len(data), size)]
                assert streamed(Masker(known), chunks) == b"." * offset + b"***!"


def test_a_long_secret_is_masked_whole_and_in_part():
    """Pieces of a long secret give it away, so each of them is masked."""
    secret = "".join(random.Random(3).choices("abcdefghijklmnopqrstuvwxyz", k=3000))
    known = Secrets([secret])
    assert known.mask(f"<{secret}>") == "<***>"
    assert known.mask(f"<{secret[512:1024]}>") == "<***>"
    assert streamed(Masker(known), [secret[:1500].encode(), secret[1500:].encode()]) == b"***"
    assert max(map(len, known.search.patterns)) == 256


def test_a_job_may_have_any_number_of_secrets():
    """The bound is for values a step names, not for those of the team."""
    values = [f"value-{number:05}" for number in range(1500)]
    known = Secrets(values)
    assert {known.mask(value) for value in values} == {"***"}
    assert known.add("one-more")


def test_values_that_are_added_are_bounded():
    """Too short, too long, too many, too much: the answer says that it is not masked."""
    known = Secrets()
    assert not known.add("abc")
    assert not known.add("x" * 16_385)
    assert [known.add(f"value-{number:05}") for number in range(1001)] == [True] * 1000 + [False]
    assert known.add("value-00000")
    assert known.mask("value-00999 value-01000") == "*** value-01000"
    large = Secrets()
    assert [large.add(letter * 16_384) for letter in "abcdefghi"] == [True] * 8 + [False]


def test_short_values_are_not_masked():
    """Values under 4 characters would mask half of every log."""
    assert Secrets(["abc", "", "12"]).mask("abc 12") == "abc 12"
    assert Secrets(["***"]).mask("*** x") == "*** x"
    assert Secrets(["****"]).mask("**** x") == "*** x"


def test_nothing_waits_without_need():
    """Only what may be the beginning of a secret is held back, and given out at the end."""
    masker = Masker(Secrets(["secret"]))
    assert masker.feed(b"a line\nsecr") == b"a line\n"
    assert masker.feed(b"ets\n") == b"***s\n"
    assert masker.feed(b"secre") == b""
    assert masker.flush() == b"secre"
    assert masker.feed(b"t\n") == b"t\n"  # a new stream knows nothing of the last
    assert Masker(Secrets([])).feed(b"x") == b"x"


def test_memory_stays_bounded_on_repetition():
    """A secret of one letter repeated does not make the masker hold a flood back."""
    masker = Masker(Secrets(["a" * 8]))
    assert b"".join(masker.feed(b"a" * 100_000) for _ in range(3)) + masker.flush() == b"***"


def test_most_of_a_secret_at_the_end_of_a_stream_is_not_shown():
    """A command that is ended while it writes one gives out neither half of it."""
    masker = Masker(Secrets(["s3cret-value"]))
    assert masker.feed(b"a s3cret-v") + masker.flush() == b"a ***"
    assert masker.feed(b"a s3c") + masker.flush() == b"a s3c"
