// `s-deploy`: runs `s deploy`, which `run: s deploy -y` does as well.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { Problem, check, text } = require("./inputs.cjs");
const tool = require("./tool.cjs");

const KNOWN = ["codeDir", "template", "access", "project", "options"];
const MISSING =
  "the Serverless Devs CLI 's' is not installed here; a step before can `run: npm install " +
  "@serverless-devs/s`, or an image can hold it";

function options(inputs) {
  const given = inputs.options ?? [];
  const list = typeof given === "string" ? given.split(/\s+/).filter(Boolean) : given;
  if (!Array.isArray(list) || !list.every((each) => typeof each === "string")) {
    throw new Problem("input 'options' is a list of texts");
  }
  return list;
}

async function run(inputs) {
  check(inputs, KNOWN);
  const cwd = path.resolve(text(inputs, "codeDir", "."));
  if (!fs.existsSync(cwd)) throw new Problem(`the folder '${text(inputs, "codeDir")}' is missing`);
  const args = text(inputs, "project") ? [text(inputs, "project"), "deploy"] : ["deploy"];
  args.push("-y");
  if (text(inputs, "template")) args.push("--template", text(inputs, "template"));
  if (text(inputs, "access")) args.push("--access", text(inputs, "access"));
  const bin = [cwd, process.cwd()].map((each) => path.join(each, "node_modules", ".bin"));
  const env = { PATH: [...bin, process.env.PATH].join(path.delimiter) };
  await tool.run("s", [...args, ...options(inputs)], { cwd, env, missing: MISSING });
}

module.exports = { run };
