"""Settings: one list, clear refusals."""

import base64
from dataclasses import fields

import pytest

from rollway.setting import BadSetting
from rollway.settings import SERVE, UP, Settings, load

KEY = base64.b64encode(bytes(32)).decode()
GOOD = {
    "ROLLWAY_HOST": "0.0.0.0",
    "ROLLWAY_PORT": "0",
    "ROLLWAY_DATA": "/tmp/x",
    "ROLLWAY_DATABASE_URL": "postgres://root@127.0.0.1/x",
    "ROLLWAY_PUBLIC_URL": "https://rollway.example.com/",
    "ROLLWAY_SIGN_UP": "closed",
    "ROLLWAY_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8, fd00::/8",
    "ROLLWAY_THROTTLE_SECONDS": "60",
    "ROLLWAY_SIGN_IN_ATTEMPTS": "3",
    "ROLLWAY_SIGN_IN_ATTEMPTS_PER_ACCOUNT": "30",
    "ROLLWAY_SIGN_IN_ATTEMPTS_PER_ADDRESS": "50",
    "ROLLWAY_SIGN_UPS_PER_ADDRESS": "5",
    "ROLLWAY_SOCKETS_PER_USER": "3",
    "ROLLWAY_SOCKETS_MAX": "300",
    "ROLLWAY_STREAMS_PER_USER": "2",
    "ROLLWAY_STREAMS_MAX": "200",
    "ROLLWAY_OPERATIONS_PER_USER": "4",
    "ROLLWAY_OPERATIONS_MAX": "400",
    "ROLLWAY_ARGON2_MEMORY_KIB": "19456",
    "ROLLWAY_ARGON2_PASSES": "2",
    "ROLLWAY_ARGON2_LANES": "1",
    "ROLLWAY_REPOSITORIES": "https, private",
    "ROLLWAY_MASTER_KEY": f"{KEY}, {base64.b64encode(bytes([1] * 32)).decode()}",
    "ROLLWAY_GITHUB_CLIENT_ID": "Iv1.0123",
    "ROLLWAY_GITHUB_CLIENT_SECRET": "hush-github",
    "ROLLWAY_GITHUB_URL": "https://github.com/",
    "ROLLWAY_GITEE_CLIENT_ID": "abc",
    "ROLLWAY_GITEE_CLIENT_SECRET": "hush-gitee",
    "ROLLWAY_GITEE_URL": "http://127.0.0.1:8001",
    "ROLLWAY_CORS_ORIGINS": "https://a.example, http://localhost:3000",
    "ROLLWAY_BATCH_OPERATIONS": "10",
    "ROLLWAY_WORKER_SLOTS": "0",
    "ROLLWAY_WORKER_LABELS": "linux, gpu",
    "ROLLWAY_LEASE_SECONDS": "2.5",
    "ROLLWAY_TASK_RUNS_MAX": "5",
    "ROLLWAY_WORKER_URL": "https://a.example.com, http://127.0.0.1:8000/",
    "ROLLWAY_WORKER_TOKEN": "rwr_hush-registration",
    "ROLLWAY_WORKER_TOKEN_FILE": "/enrolment/token",
    "ROLLWAY_WORKER_HTTP": "anywhere",
    "ROLLWAY_WORKER_METRICS": "127.0.0.1:9464",
    "ROLLWAY_DRAIN_SECONDS": "0",
    "ROLLWAY_SPOOL_BYTES_MAX": "1048576",
    "ROLLWAY_STEP_SECONDS": "60",
    "ROLLWAY_JOB_SECONDS": "120",
    "ROLLWAY_PARALLEL_STEPS": "8",
    "ROLLWAY_ISOLATION": "plain",
    "ROLLWAY_STEP_UID": "70000",
    "ROLLWAY_PROCESSES_MAX": "100",
    "ROLLWAY_MEMORY_BYTES_MAX": "1073741824",
    "ROLLWAY_WORKSPACE_BYTES_MAX": "1073741824",
    "ROLLWAY_CONTAINER_ENGINE": "unix:///run/podman/podman.sock",
    "ROLLWAY_RUNTIMES": "/opt/runtimes",
    "ROLLWAY_CANCEL_GRACE_SECONDS": "0",
    "ROLLWAY_OUTPUT_BYTES_MAX": "65536",
    "ROLLWAY_ARTIFACT_BYTES_PER_TEAM": "1048576",
    "ROLLWAY_TASK_LOG_BYTES_MAX": "65536",
    "ROLLWAY_LOGS_KEPT_DAYS": "90",
    "ROLLWAY_COST_MAX": "1000",
    "ROLLWAY_COST_PER_MINUTE": "10000",
    "ROLLWAY_CHECKS_PER_MINUTE": "1000",
    "ROLLWAY_QUERY_SECONDS": "5",
    "ROLLWAY_READS": "stock",
    "ROLLWAY_READS_SHOWN": "on",
    "ROLLWAY_INTROSPECTION": "off",
    "ROLLWAY_PLAYGROUND": "off",
    "ROLLWAY_DOCUMENTS": "/etc/rollway/documents.json",
    "ROLLWAY_METRICS_TOKEN": "s3cret-of-prometheus",
    "ROLLWAY_OTLP_URL": "http://127.0.0.1:4318",
    "ROLLWAY_LOG_FORMAT": "json",
    "ROLLWAY_LOG_LEVEL": "debug",
}
BAD = {
    "ROLLWAY_PORT": ["-1", "65536", "80a", "٣"],
    "ROLLWAY_DATABASE_URL": ["mysql://x", "rollway.sqlite3", "postgres://ann:hun/ter2@x/y"],
    "ROLLWAY_PUBLIC_URL": ["rollway.example.com", "ftp://x", "https://x/path", "https://"],
    "ROLLWAY_SIGN_UP": ["yes", "OPEN"],
    "ROLLWAY_TRUSTED_PROXIES": ["*", "localhost", "10.0.0.1/8", "10.0.0.0/33"],
    "ROLLWAY_THROTTLE_SECONDS": ["0", "86401"],
    "ROLLWAY_SIGN_IN_ATTEMPTS": ["0", "1.5"],
    "ROLLWAY_SIGN_IN_ATTEMPTS_PER_ACCOUNT": ["0"],
    "ROLLWAY_SIGN_IN_ATTEMPTS_PER_ADDRESS": ["0"],
    "ROLLWAY_SIGN_UPS_PER_ADDRESS": ["0"],
    "ROLLWAY_SOCKETS_PER_USER": ["0", "many"],
    "ROLLWAY_SOCKETS_MAX": ["0", "1000001"],
    "ROLLWAY_STREAMS_PER_USER": ["0", "many"],
    "ROLLWAY_STREAMS_MAX": ["0", "-1"],
    "ROLLWAY_OPERATIONS_PER_USER": ["0", "many"],
    "ROLLWAY_OPERATIONS_MAX": ["0", "1000001"],
    "ROLLWAY_ARGON2_MEMORY_KIB": ["7167", "2097153"],
    "ROLLWAY_ARGON2_PASSES": ["0", "21"],
    "ROLLWAY_ARGON2_LANES": ["0", "17"],
    "ROLLWAY_REPOSITORIES": ["ssh", ",", "https,ssh"],
    "ROLLWAY_MASTER_KEY": [
        "short",
        "é",
        base64.b64encode(bytes(31)).decode(),
        f"{KEY},",
        f"{KEY},{KEY}",
    ],
    "ROLLWAY_GITHUB_CLIENT_ID": ["a b", "é", "x" * 257],
    "ROLLWAY_GITEE_CLIENT_SECRET": ["a\tb", "x" * 257],
    "ROLLWAY_GITHUB_URL": ["github.com", "https://x/path", "https://u:p@x", "https://x?y"],
    "ROLLWAY_CORS_ORIGINS": ["*", "null", "a.example", "https://a.example/", "https://A.example"],
    "ROLLWAY_BATCH_OPERATIONS": ["-1", "51", "all"],
    "ROLLWAY_GITEE_URL": ["ftp://x", "https://x#y", "https://ä.example"],
    "ROLLWAY_WORKER_SLOTS": ["-1", "65", "many", "0"],
    "ROLLWAY_WORKER_LABELS": ["a b", "-a", "x" * 41, "a;b"],
    "ROLLWAY_LEASE_SECONDS": ["0", "ten", "nan", "inf"],
    "ROLLWAY_TASK_RUNS_MAX": ["0", "101", "2.5"],
    "ROLLWAY_STEP_SECONDS": ["0", "1e9"],
    "ROLLWAY_JOB_SECONDS": ["0", "604801"],
    "ROLLWAY_PARALLEL_STEPS": ["0", "65"],
    "ROLLWAY_ISOLATION": ["none", "BWRAP"],
    "ROLLWAY_STEP_UID": ["0", "999"],
    "ROLLWAY_PROCESSES_MAX": ["15", "many"],
    "ROLLWAY_MEMORY_BYTES_MAX": ["1", "4G"],
    "ROLLWAY_WORKSPACE_BYTES_MAX": ["1", "10G"],
    "ROLLWAY_CONTAINER_ENGINE": ["docker", "tcp://127.0.0.1:2375"],
    "ROLLWAY_CANCEL_GRACE_SECONDS": ["-1"],
    "ROLLWAY_OUTPUT_BYTES_MAX": ["1", "9999999999"],
    "ROLLWAY_ARTIFACT_BYTES_PER_TEAM": ["0", "10 GiB"],
    "ROLLWAY_TASK_LOG_BYTES_MAX": ["65535", "4G"],
    "ROLLWAY_WORKER_HTTP": ["yes", "private"],
    "ROLLWAY_WORKER_METRICS": ["9464", "127.0.0.1:", ":9464", "127.0.0.1:65536"],
    "ROLLWAY_LOGS_KEPT_DAYS": ["-1", "1.5", "36501"],
    "ROLLWAY_COST_MAX": ["99", "many", "60000001"],
    "ROLLWAY_COST_PER_MINUTE": ["0", "9999999999"],
    "ROLLWAY_CHECKS_PER_MINUTE": ["99", "9999999999"],
    "ROLLWAY_QUERY_SECONDS": ["0", "601"],
    "ROLLWAY_READS": ["fast", "PLANNED"],
    "ROLLWAY_READS_SHOWN": ["yes"],
    "ROLLWAY_INTROSPECTION": ["yes"],
    "ROLLWAY_PLAYGROUND": ["graphiql"],
    "ROLLWAY_METRICS_TOKEN": ["a b", "é"],
    "ROLLWAY_OTLP_URL": ["127.0.0.1:4318", "http://x/v1/traces"],
    "ROLLWAY_LOG_FORMAT": ["xml"],
    "ROLLWAY_LOG_LEVEL": ["verbose"],
}


def test_every_setting_has_a_good_value_here():
    """Whoever adds a setting says what it may be."""
    assert {each.metadata["env"] for each in fields(Settings)} == set(GOOD)


def test_good_values_are_read():
    """Each in its own kind."""
    settings = load(SERVE, {}, GOOD)

    assert settings.port == 0
    assert settings.url == "https://rollway.example.com"
    assert settings.policy.schemes == ("https",)
    assert settings.policy.private_addresses
    assert not settings.embedded
    assert settings.master_keys == (bytes(32), bytes([1] * 32))


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in BAD.items() for value in values],
)
def test_a_wrong_value_is_refused_by_name(name, value):
    """The sentence begins with the variable."""
    with pytest.raises(BadSetting, match=f"^{name}: must "):
        load(SERVE, {}, {name: value})


def test_a_hash_that_is_too_cheap_is_refused():
    """Little memory takes more passes."""
    cheap = {"ROLLWAY_ARGON2_MEMORY_KIB": "19456", "ROLLWAY_ARGON2_PASSES": "1"}
    with pytest.raises(BadSetting, match=r"^ROLLWAY_ARGON2_PASSES: times the memory"):
        load(SERVE, {}, cheap)


def test_no_secret_is_shown():
    """Neither by the settings' repr nor by the refusal of a wrong value."""
    shown = repr(load(SERVE, {}, {**GOOD, "ROLLWAY_DATABASE_URL": "postgres://ann:hunter2@x/y"}))
    assert "hunter2" not in shown
    assert KEY not in shown
    assert repr(bytes(32)) not in shown

    for name, value in (
        ("ROLLWAY_DATABASE_URL", "postgres://ann:hunter2/@x/y"),
        ("ROLLWAY_DATABASE_URL", "mysql://ann:hunter2@x/y"),
        ("ROLLWAY_MASTER_KEY", f"{KEY},hunter2"),
    ):
        with pytest.raises(BadSetting) as refused:
            load(SERVE, {}, {name: value})
        assert "hunter2" not in str(refused.value)
        assert KEY not in str(refused.value)


def test_logins_are_read():
    """Each service that has a client id; its secret does not show."""
    settings = load(SERVE, {}, GOOD)

    assert [(each.service, each.url, each.id) for each in settings.logins] == [
        ("github", "https://github.com", "Iv1.0123"),
        ("gitee", "http://127.0.0.1:8001", "abc"),
    ]
    assert [each.secret for each in settings.logins] == ["hush-github", "hush-gitee"]
    assert "hush" not in repr(settings)
    assert load(SERVE, {}, {}).logins == []


@pytest.mark.parametrize("given", ["ID", "SECRET"])
def test_half_a_registration_is_refused(given):
    """The half that is missing is named."""
    missing = {"ID": "SECRET", "SECRET": "ID"}[given]

    with pytest.raises(BadSetting, match=f"^ROLLWAY_GITEE_CLIENT_{missing}: must be set where"):
        load(SERVE, {}, {f"ROLLWAY_GITEE_CLIENT_{given}": "x"})


def test_a_login_needs_an_address_to_come_back_to():
    """0.0.0.0 is none."""
    names = ("ROLLWAY_GITHUB_CLIENT_ID", "ROLLWAY_GITHUB_CLIENT_SECRET")
    given = {"ROLLWAY_HOST": "0.0.0.0", **dict.fromkeys(names, "x")}

    with pytest.raises(BadSetting, match=r"^ROLLWAY_PUBLIC_URL: must "):
        load(SERVE, {}, given)
    load(SERVE, {}, {**given, "ROLLWAY_PUBLIC_URL": "https://x"})


def test_an_unknown_setting_is_refused_with_a_suggestion():
    """A typing error does not pass for a default."""
    with pytest.raises(BadSetting, match="did you mean ROLLWAY_PORT"):
        load(SERVE, {}, {"ROLLWAY_PROT": "1"})


def test_a_steps_own_variables_are_no_settings():
    """`rollway` can be called in a deploy step."""
    load(SERVE, {}, {"ROLLWAY_TASK_ID": "t", "ROLLWAY_EPOCH": "1", "ROLLWAY_STEP_OF": "/x"})


def test_up_is_open_and_serve_is_closed():
    """One person's machine trusts its person; a server trusts nobody."""
    up, serve = load(UP, {}, {}), load(SERVE, {}, {})

    assert (up.sign_up, serve.sign_up) == ("open", "closed")
    assert set(up.policy.schemes) == {"https", "http", "file"}
    assert serve.policy.schemes == ("https",)
    assert not serve.policy.private_addresses


def test_an_option_wins_over_the_environment():
    """As on every command line."""
    assert load(UP, {"ROLLWAY_PORT": "1"}, {"ROLLWAY_PORT": "2"}).port == 1


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"ROLLWAY_WORKER_METRICS": "127.0.0.1:9464"}, None),
        ({"ROLLWAY_WORKER_METRICS": "[::1]:9464"}, None),
        ({"ROLLWAY_WORKER_METRICS": "0.0.0.0:9464"}, "ROLLWAY_METRICS_TOKEN"),
        ({"ROLLWAY_WORKER_METRICS": "0.0.0.0:9464", "ROLLWAY_METRICS_TOKEN": "x"}, None),
        ({"ROLLWAY_WORKER_URL": "http://127.0.0.1:8000"}, None),
        ({"ROLLWAY_WORKER_URL": "https://a.example,http://b.example"}, "ROLLWAY_WORKER_URL"),
        ({"ROLLWAY_WORKER_URL": "http://b.example", "ROLLWAY_WORKER_HTTP": "anywhere"}, None),
    ],
)
def test_what_others_can_reach_is_guarded(given, refused):
    """Figures by a token, secrets by https, unless the operator says otherwise."""
    if refused is None:
        load(SERVE, {}, given)
        return
    with pytest.raises(BadSetting, match=f"^{refused}: must "):
        load(SERVE, {}, given)
