"""The plugins around npm and the Serverless Devs CLI, with the real programs."""

import json
import shutil
import stat
import subprocess
from pathlib import Path
from urllib.parse import parse_qs

import pytest

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.slow,
]
PACKAGE = json.dumps({"name": "demo", "version": "1.0.0"})
KEYS = {"accessKeyID": "LTAI-0123456789", "accessKeySecret": "sk-0123456789"}
S_YAML = """
edition: 3.0.0
name: demo
access: {access}
resources:
  app:
    component: ./component
    props: {{region: cn-hangzhou}}
"""
COMPONENT = """
module.exports = class {
  async deploy(inputs) {
    const key = await inputs.getCredential();
    console.log("KEY", key.AccessKeyID.length, key.AccessKeySecret.length, key.AccountID);
    require("fs").writeFileSync("deployed.json", JSON.stringify(key));
    return { url: "x" };
  }
};
"""


@pytest.fixture
def s_env(serverless_devs):
    """Return the environment in which `s` is found."""
    path = f"{serverless_devs}:{Path(shutil.which('node')).parent}:/usr/bin:/bin"
    return {"PATH": path, "serverless_devs_daemon_enable": "false", "SERVERLESS_CD": "1"}


def test_npm_publish(step, registry):
    """The folder is published with the token, which is nowhere afterwards."""
    step.write({"pkg/package.json": PACKAGE, "pkg/index.js": "module.exports = 1"})
    (step.home / ".npmrc").write_text("fund=false\n")
    inputs = {"token": "npm-t0ken-0123", "registry": registry.url, "codeDir": "pkg"}
    ended = step("@serverless-cd/npm-publish", inputs)
    assert ended.code == 0, ended.printed
    assert ended.outputs == {"name": "demo", "version": "1.0.0"}
    assert registry.tokens == ["Bearer npm-t0ken-0123"]
    assert list(registry.packages["demo"]["versions"]) == ["1.0.0"]
    assert "npm-t0ken-0123" not in ended.printed
    left = [path for path in step.home.rglob("*") if path.is_file()]
    assert not any(b"npm-t0ken-0123" in path.read_bytes() for path in left)
    assert (step.home / ".npmrc").read_text() == "fund=false\n"
    again = step("npm-publish", inputs)
    assert again.code == 1
    assert "npm ended with exit code 1" in again.printed


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "input 'token' is missing"),
        ({"token": "x", "regsitry": "y"}, "did you mean 'registry'?"),
        ({"token": "x"}, "there is no package in"),
        ({"token": "x y", "codeDir": "pkg"}, "holds a blank"),
        ({"token": "x", "codeDir": "pkg", "registry": "https://a:b@c/"}, "without a password"),
    ],
)
def test_npm_publish_with_wrong_inputs(step, inputs, message):
    """Each is told in one line."""
    step.write({"pkg/package.json": PACKAGE})
    ended = step("npm-publish", inputs)
    assert ended.code == 1
    assert message in ended.printed
    assert ended.printed.count("\n") == 1


def test_s_finds_what_s_setup_wrote(step, s_env):
    """The CLI decrypts the alias and hands it to its component; `s-deploy` runs it."""
    step.write(
        {"app/s.yaml": S_YAML.format(access="prod"), "app/component/index.js": COMPONENT}
        | {"app/component/package.json": '{"name": "component", "version": "1.0.0"}'}
    )
    inputs = {"alias": "prod", "credentials": {**KEYS, "accountID": "1234567890"}}
    ended = step("s-setup", inputs, env=s_env)
    assert ended.code == 0, ended.printed
    access = step.home / ".s" / "access.yaml"
    assert stat.S_IMODE(access.stat().st_mode) == 0o600
    assert not any(value in access.read_text() for value in KEYS.values())
    ended = step("s-deploy", {"codeDir": "app"}, env=s_env)
    assert ended.code == 0, ended.printed
    assert "KEY 15 13 1234567890" in ended.printed
    deployed = json.loads((step.source / "app" / "deployed.json").read_text())
    assert deployed["AccessKeyID"] == KEYS["accessKeyID"]


def test_aliases_stand_beside_each_other(step):
    """An alias is replaced, the others stay."""
    for alias, key in (("default", "a"), ("prod", "b"), ("default", "c")):
        inputs = {"alias": alias, "credentials": {"accountID": "1", "accessKeyID": key}}
        assert step("s-setup", inputs).code == 0
    text = (step.home / ".s" / "access.yaml").read_text()
    assert [line for line in text.splitlines() if line[0] != " "] == ['"prod":', '"default":']
    assert text.count("AccessKeyID") == 2


def test_whose_key_it_is(step, site):
    """Without an account the security token service is asked, with a signature."""
    site.answer = (200, '{"AccountId": "987654321"}', {})
    inputs = {"credentials": {**KEYS, "securityToken": "st"}, "endpoint": site.url}
    ended = step("@serverless-cd/s-setup", inputs)
    assert ended.code == 0, ended.printed
    query = {name: values[0] for name, values in parse_qs(site.requests[0][2].decode()).items()}
    assert query["Action"] == "GetCallerIdentity"
    assert query["AccessKeyId"] == KEYS["accessKeyID"]
    assert query["SecurityToken"] == "st"
    assert query["Signature"]
    assert KEYS["accessKeySecret"] not in str(site.requests)
    assert "AccountID" in (step.home / ".s" / "access.yaml").read_text()
    site.answer = (403, '{"Code": "InvalidAccessKeyId", "Message": "not found"}', {})
    ended = step("s-setup", inputs)
    assert ended.code == 0
    assert "the account is not known: InvalidAccessKeyId not found" in ended.printed


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "input 'credentials' is missing"),
        ({"credentials": {"acessKeyID": "x"}}, "did you mean 'credentials.AccessKeyID'?"),
        ({"credentials": {"accessKeyID": ""}}, "holds no value"),
        ({"credentials": "x"}, "input 'credentials' is a mapping"),
        ({"credentials": KEYS, "alias": "a: b"}, "a word of letters and digits"),
    ],
)
def test_s_setup_with_wrong_inputs(step, inputs, message):
    """Each is told in one line."""
    ended = step("s-setup", inputs)
    assert ended.code == 1
    assert message in ended.printed
    assert ended.printed.count("\n") == 1


def test_s_deploy_without_s(step):
    """The log says what is missing and how to get it."""
    path = str(Path(shutil.which("node")).parent)
    if shutil.which("s", path=path):
        pytest.skip("`s` stands beside node on this machine")
    ended = step("s-deploy", env={"PATH": path})
    assert ended.code == 1
    assert "the Serverless Devs CLI 's' is not installed here" in ended.printed


def test_what_s_setup_writes_is_what_openssl_reads(step):
    """The form of the file is the CLI's: AES with a key that everybody knows."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    step("s-setup", {"credentials": {"accountID": "1", "accessKeyID": "ä-key"}})
    text = (step.home / ".s" / "access.yaml").read_text()
    sealed = text.partition("AccessKeyID: ")[2].splitlines()[0]
    command = ["openssl", "enc", "-d", "-aes-256-cbc", "-md", "md5", "-base64", "-A"]
    opened = subprocess.run(
        [*command, "-pass", "pass:SecretKey123"],
        input=sealed.encode(),
        capture_output=True,
        check=True,
    )
    assert opened.stdout.decode() == "ä-key"
