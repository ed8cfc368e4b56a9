"""What proves a delivery, service by service."""

import base64
import hashlib
import hmac
from urllib.parse import quote_plus

import pytest

from providers import Provider, webhooks
from providers.headers import HeaderUnusable
from providers.payloads import BODY_BYTES_MAX, PayloadTooLarge
from providers.proofs import (
    Proof,
    ProofMissing,
    ProofOutdated,
    ProofTooWeak,
    ProofWrong,
    SecretMissing,
)

NOW = 1_772_445_295.0
STAMP = "1772445295"
SECRET = "correct horse 电池"
SIGNING = "whsec_" + base64.b64encode(bytes(range(32))).decode()
BODY = '{"message": "中文 & größe 🥖"}\n'.encode()

EVENTS = {
    Provider.GITHUB: {"x-github-event": "push"},
    Provider.GITEE: {"x-gitee-event": "Push Hook"},
    Provider.GITLAB: {"x-gitlab-event": "Push Hook"},
    Provider.CODEUP: {"x-codeup-event": "Push Hook"},
}


def on_the_wire(text: str) -> str:
    """Decode as ASGI servers do."""
    return text.encode().decode("latin-1")


def mac(key: bytes, message: bytes, kind: str = "sha256") -> bytes:
    return hmac.new(key, message, kind).digest()


def github(body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    return {"x-hub-signature-256": f"sha256={mac(secret.encode(), body).hex()}"}


def old_github(body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    return {"x-hub-signature": f"sha1={mac(secret.encode(), body, 'sha1').hex()}"}


def gitee(stamp: str = STAMP + "000", secret: str = SECRET) -> dict[str, str]:
    signed = base64.b64encode(mac(secret.encode(), f"{stamp}\n{secret}".encode())).decode()
    return {"x-gitee-timestamp": stamp, "x-gitee-token": signed}


def gitlab(body: bytes = BODY, secret: str = SIGNING, stamp: str = STAMP) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = base64.b64encode(mac(key, f"d-1.{stamp}.".encode() + body)).decode()
    return {
        "webhook-id": "d-1",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signed}",
    }


def token(provider: Provider, secret: str = SECRET) -> dict[str, str]:
    return {f"x-{provider}-token": on_the_wire(secret)}


def verify(provider, headers, body=BODY, secret=SECRET, now=NOW):
    return webhooks.verify(provider, EVENTS[provider] | headers, body, secret, now=now)


@pytest.mark.parametrize(
    ("provider", "headers", "secret", "covers_body"),
    [
        (Provider.GITHUB, github(), SECRET, True),
        (Provider.GITHUB, github() | old_github(secret="other"), SECRET, True),
        (Provider.GITHUB, {"X-Hub-Signature-256": github()["x-hub-signature-256"]}, SECRET, True),
        (Provider.GITEE, gitee(), SECRET, False),
        (
            Provider.GITEE,
            gitee() | {"x-gitee-token": quote_plus(gitee()["x-gitee-token"])},
            SECRET,
            False,
        ),
        (Provider.GITEE, token(Provider.GITEE) | {"x-gitee-timestamp": "1"}, SECRET, False),
        (Provider.GITLAB, gitlab(), SIGNING, True),
        (Provider.GITLAB, gitlab() | token(Provider.GITLAB, "other"), SIGNING, True),
        (Provider.GITLAB, token(Provider.GITLAB), SECRET, False),
        (Provider.GITLAB, token(Provider.GITLAB) | gitlab(), SECRET, False),
        (Provider.GITLAB, token(Provider.GITLAB, SIGNING), SIGNING, False),
        (Provider.GITLAB, token(Provider.GITLAB, "whsec_no base64"), "whsec_no base64", False),
        (Provider.CODEUP, token(Provider.CODEUP), SECRET, False),
    ],
)
def test_who_knows_the_secret_is_believed(provider, headers, secret, covers_body):
    """Each scheme of a service is accepted, and says whether the body is proven too."""
    assert verify(provider, headers, secret=secret).covers_body is covers_body


def test_published_examples_hold():
    """The examples that GitHub and the Standard Webhooks give are proven."""
    hello = {
        "x-hub-signature-256": "sha256="
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }
    standard = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,other",
    }
    signing, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'

    assert verify(Provider.GITHUB, hello, b"Hello, World!", "It's a Secret to Everybody")
    assert verify(Provider.GITLAB, standard, body, signing, 1_614_265_330) == Proof(
        "webhook-signature", covers_body=True
    )


@pytest.mark.parametrize(
    ("provider", "headers", "secret", "refusal"),
    [
        (Provider.GITHUB, github(secret="other"), SECRET, ProofWrong),
        (Provider.GITHUB, github(secret=""), SECRET, ProofWrong),
        (Provider.GITHUB, github(BODY + b"\n"), SECRET, ProofWrong),
        (Provider.GITHUB, old_github(), SECRET, ProofTooWeak),
        (Provider.GITHUB, old_github() | github(secret="other"), SECRET, ProofWrong),
        (Provider.GITHUB, {"x-hub-signature-256": "sha256="}, SECRET, ProofWrong),
        (Provider.GITHUB, {"x-hub-signature-256": "密"}, SECRET, ProofWrong),
        (Provider.GITHUB, {"x-hub-signature-256": ""}, SECRET, ProofMissing),
        (Provider.GITHUB, {}, SECRET, ProofMissing),
        (Provider.GITEE, gitee(secret="other"), SECRET, ProofWrong),
        (Provider.GITEE, gitee() | {"x-gitee-timestamp": STAMP + "001"}, SECRET, ProofWrong),
        (Provider.GITEE, gitee("1506754827988"), SECRET, ProofOutdated),
        (Provider.GITEE, gitee("1772448895001"), SECRET, ProofOutdated),
        (Provider.GITEE, gitee("1772441694999"), SECRET, ProofOutdated),
        (Provider.GITEE, gitee("soon"), SECRET, ProofWrong),
        (Provider.GITEE, gitee(""), SECRET, ProofWrong),
        (Provider.GITEE, token(Provider.GITEE, "other"), SECRET, ProofWrong),
        (Provider.GITEE, {"x-gitee-timestamp": STAMP + "000"}, SECRET, ProofMissing),
        (Provider.GITLAB, gitlab(BODY[:-1]), SIGNING, ProofWrong),
        (Provider.GITLAB, gitlab() | {"webhook-id": "d-2"}, SIGNING, ProofWrong),
        (Provider.GITLAB, gitlab() | {"webhook-timestamp": "1772445296"}, SIGNING, ProofWrong),
        (Provider.GITLAB, gitlab() | {"webhook-timestamp": ""}, SIGNING, ProofMissing),
        (Provider.GITLAB, gitlab() | {"webhook-id": ""}, SIGNING, ProofMissing),
        (Provider.GITLAB, gitlab(stamp="1772444994"), SIGNING, ProofOutdated),
        (Provider.GITLAB, gitlab(stamp="1772445596"), SIGNING, ProofOutdated),
        (Provider.GITLAB, gitlab(stamp="1e9"), SIGNING, ProofWrong),
        (
            Provider.GITLAB,
            token(Provider.GITLAB, SIGNING) | {"webhook-signature": "v1,"} | {"webhook-id": "d"},
            SIGNING,
            ProofMissing,
        ),
        (
            Provider.GITLAB,
            gitlab() | token(Provider.GITLAB, SIGNING) | {"webhook-signature": "v1,no"},
            SIGNING,
            ProofWrong,
        ),
        (Provider.GITLAB, token(Provider.GITLAB, "other"), SECRET, ProofWrong),
        (Provider.GITLAB, gitlab(), SECRET, ProofMissing),
        (Provider.GITLAB, {}, SIGNING, ProofMissing),
        (Provider.CODEUP, token(Provider.CODEUP, "other"), SECRET, ProofWrong),
        (Provider.CODEUP, token(Provider.CODEUP, SECRET + " "), SECRET, ProofWrong),
        (Provider.CODEUP, {}, SECRET, ProofMissing),
    ],
)
def test_nobody_else_is_believed(provider, headers, secret, refusal):
    """A proof that is wrong, weak, old or missing is refused, whatever else is there."""
    with pytest.raises(refusal):
        verify(provider, headers, secret=secret)


@pytest.mark.parametrize("index", range(len(BODY)))
def test_a_changed_byte_is_seen(index):
    """The two signatures that cover the body cover each byte of it."""
    changed = BODY[:index] + bytes([BODY[index] ^ 1]) + BODY[index + 1 :]

    with pytest.raises(ProofWrong):
        verify(Provider.GITHUB, github(), changed)
    with pytest.raises(ProofWrong):
        verify(Provider.GITLAB, gitlab(), changed, SIGNING)


@pytest.mark.parametrize("secret", [None, "", " \t"])
@pytest.mark.parametrize("provider", EVENTS)
def test_without_a_secret_nothing_is_believed(provider, secret):
    """An application without a secret takes no deliveries, not even ones made with none."""
    empty = {
        **github(secret=""),
        **gitee(secret=""),
        "x-gitlab-token": secret or "",
        "x-codeup-token": secret or "",
    }

    with pytest.raises(SecretMissing):
        verify(provider, empty, secret=secret)


def test_bodies_are_never_parsed_before_they_are_proven():
    """What is no JSON at all is proven all the same; a huge body is not even hashed."""
    body = b'{"a": ' * 100_000

    assert verify(Provider.GITHUB, github(body), body)
    with pytest.raises(PayloadTooLarge) as refused:
        verify(Provider.CODEUP, token(Provider.CODEUP), bytes(BODY_BYTES_MAX + 1))
    assert str(refused.value) == "The delivery has 8388609 bytes; 8388608 are read at most."


def test_a_header_that_comes_twice_must_say_the_same():
    """Two different proofs are not one."""
    twice = {"X-Codeup-Token": "other", "x-codeup-token": on_the_wire(SECRET)}

    with pytest.raises(HeaderUnusable) as refused:
        verify(Provider.CODEUP, twice)
    assert "x-codeup-token" in str(refused.value)
    assert verify(Provider.CODEUP, {name: on_the_wire(SECRET) for name in twice})


def test_refusals_tell_no_secret():
    """What is refused is named, what it should have been is not."""
    with pytest.raises(ProofWrong) as refused:
        verify(Provider.GITHUB, github(secret="other"))

    expected = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    assert "x-hub-signature-256" in str(refused.value)
    assert not {SECRET, expected} & set(str(refused.value).split())
