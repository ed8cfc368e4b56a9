// `npm-publish`: publishes a folder as a package of npm.
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { Problem, check, text } = require("./inputs.cjs");
const tool = require("./tool.cjs");

const KNOWN = ["token", "registry", "codeDir", "tag", "access"];
const MISSING = "npm is not installed here";

function description(folder) {
  try {
    const { name, version } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
    return { name: String(name ?? ""), version: String(version ?? "") };
  } catch (error) {
    throw new Problem(`there is no package in '${folder}': ${error.message}`);
  }
}

// The token stands in a file of this step's own, beside what the task's own .npmrc says.
function settings(registry, token) {
  const own = path.join(os.homedir(), ".npmrc");
  const before = fs.existsSync(own) ? `${fs.readFileSync(own, "utf8")}\n` : "";
  const { host, pathname } = new URL(registry);
  const scope = `//${host}${pathname.endsWith("/") ? pathname : `${pathname}/`}`;
  const folder = fs.mkdtempSync(path.join(os.homedir(), ".npm-publish-"));
  const file = path.join(folder, "npmrc");
  const lines = `${before}registry=${registry}\n${scope}:_authToken=${token}\n`;
  fs.writeFileSync(file, lines, { mode: 0o600 });
  return { folder, file };
}

async function run(inputs) {
  check(inputs, KNOWN, { required: ["token"] });
  const codeDir = path.resolve(text(inputs, "codeDir", "."));
  const packed = description(codeDir);
  const token = text(inputs, "token");
  if (/\s/.test(token)) throw new Problem("input 'token' holds a blank or a line break");
  const asked = ["config", "get", "registry"];
  const known = { cwd: codeDir, missing: MISSING, capture: true };
  const registry = text(inputs, "registry") || (await tool.run("npm", asked, known));
  if (!/^https?:\/\/[^\s@]+$/.test(registry) || !URL.canParse(registry)) {
    throw new Problem("input 'registry' is an address without a password in it");
  }
  const { folder, file } = settings(registry, token);
  try {
    const args = ["publish", "--userconfig", file, "--registry", registry];
    for (const name of ["tag", "access"]) {
      if (text(inputs, name)) args.push(`--${name}`, text(inputs, name));
    }
    await tool.run("npm", args, {
      cwd: codeDir,
      env: { npm_config_update_notifier: "false" },
      missing: MISSING,
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return packed;
}

module.exports = { run };
