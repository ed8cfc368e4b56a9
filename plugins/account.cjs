// Asks Alibaba Cloud whose a key is: the security token service's GetCallerIdentity.
"use strict";

const crypto = require("node:crypto");

const ENDPOINT = "https://sts.aliyuncs.com/";
const WAIT_MILLISECONDS = 10_000;
const ANSWER_CHARACTERS_MAX = 300;

const encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function signed({ AccessKeyID, AccessKeySecret, SecurityToken }) {
  const query = {
    AccessKeyId: AccessKeyID,
    Action: "GetCallerIdentity",
    Format: "JSON",
    SignatureMethod: "HMAC-SHA1",
    SignatureNonce: crypto.randomUUID(),
    SignatureVersion: "1.0",
    Timestamp: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    Version: "2015-04-01",
    ...(SecurityToken ? { SecurityToken } : {}),
  };
  const names = Object.keys(query).sort();
  const canonical = names.map((name) => `${encode(name)}=${encode(query[name])}`).join("&");
  const hash = crypto.createHmac("sha1", `${AccessKeySecret}&`);
  const signature = hash.update(`POST&%2F&${encode(canonical)}`).digest("base64");
  return `${canonical}&Signature=${encode(signature)}`;
}

// Returns {id}, or {reason} why it is not known.
async function accountOf(keys, endpoint) {
  try {
    const answer = await fetch(endpoint || ENDPOINT, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: signed(keys),
      redirect: "error",
      signal: AbortSignal.timeout(WAIT_MILLISECONDS),
    });
    const said = JSON.parse(await answer.text());
    if (answer.ok && said.AccountId) return { id: String(said.AccountId) };
    const words = `${said.Code ?? answer.status} ${said.Message ?? ""}`;
    return { reason: words.trim().slice(0, ANSWER_CHARACTERS_MAX) };
  } catch (error) {
    return { reason: (error.cause?.message ?? error.message).slice(0, ANSWER_CHARACTERS_MAX) };
  }
}

module.exports = { accountOf };
