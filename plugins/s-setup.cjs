// `s-setup`: hands credentials to the Serverless Devs CLI `s`, as `s config add` would.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { Problem, check, text } = require("./inputs.cjs");
const { accountOf } = require("./account.cjs");

const KNOWN = ["alias", "credentials", "endpoint"];
const KEYS = [
  ...["AccountID", "AccessKeyID", "AccessKeySecret", "SecurityToken"],
  ...["SecretAccessKey", "AccessKey", "SecretKey", "SecretID", "PrivateKeyData"],
];
const ALIAS = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,99}$/u;
const OBSCURED_BY = "SecretKey123"; // the CLI's own and known to all: its file is no safe

// The form `openssl enc -aes-256-cbc -md md5 -salt -base64` has, which the CLI reads.
function obscure(value) {
  const salt = crypto.randomBytes(8);
  let derived = Buffer.alloc(0);
  let block = Buffer.alloc(0);
  while (derived.length < 48) {
    block = crypto.createHash("md5").update(block).update(OBSCURED_BY).update(salt).digest();
    derived = Buffer.concat([derived, block]);
  }
  const cipher = crypto.createCipheriv("aes-256-cbc", derived.subarray(0, 32), derived.subarray(32));
  const sealed = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return Buffer.concat([Buffer.from("Salted__"), salt, sealed]).toString("base64");
}

// Returns the credentials under the names the CLI has for them: `accessKeyID` is `AccessKeyID`.
function named(credentials) {
  const found = {};
  for (const [name, value] of Object.entries(credentials)) {
    const key = KEYS.find((each) => each.toLowerCase() === name.toLowerCase());
    if (!key) check({ [name]: value }, KEYS, { path: "credentials." });
    const plain = text(credentials, name);
    if (plain) found[key] = plain;
  }
  if (!Object.keys(found).length) throw new Problem("input 'credentials' holds no value");
  return found;
}

// Replaces one alias in a file of aliases; the others stay as they are.
function replaced(document, alias, block) {
  const kept = [];
  let inside = false;
  for (const line of document.split("\n")) {
    if (/^\S/.test(line)) inside = [`${alias}:`, `${JSON.stringify(alias)}:`].includes(line.trim());
    if (!inside && line.trim()) kept.push(line);
  }
  return [...kept, ...block].join("\n").concat("\n");
}

async function run(inputs, context, logger) {
  check(inputs, KNOWN, { required: ["credentials"] });
  const alias = text(inputs, "alias", "default");
  if (!ALIAS.test(alias)) throw new Problem("input 'alias' is a word of letters and digits");
  const { credentials } = inputs;
  if (typeof credentials !== "object" || Array.isArray(credentials)) {
    throw new Problem("input 'credentials' is a mapping");
  }
  const values = named(credentials);
  if (values.AccessKeyID && values.AccessKeySecret && !values.AccountID) {
    const account = await accountOf(values, text(inputs, "endpoint"));
    if (account.id) values.AccountID = account.id;
    else logger.warn(`the account is not known: ${account.reason}; give credentials.accountID`);
  }
  const home = path.join(os.homedir(), ".s");
  const file = path.join(home, "access.yaml");
  fs.mkdirSync(home, { recursive: true, mode: 0o700 });
  const before = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  const lines = Object.entries(values).map(([key, value]) => `  ${key}: ${obscure(value)}`);
  fs.writeFileSync(file, replaced(before, alias, [`${JSON.stringify(alias)}:`, ...lines]), {
    mode: 0o600,
  });
  logger.info(`The alias '${alias}' is set up for the commands of this task`);
  return { alias };
}

module.exports = { run };
