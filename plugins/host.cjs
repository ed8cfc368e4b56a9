// Runs a plugin in Node: a folder, a file, or an installed package with
// `run(inputs, context, logger)` and maybe `postRun`, which runs after all steps. What `run`
// returns, an object, becomes the step's outputs.
"use strict";

const { randomUUID } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { format } = require("node:util");
const { pathToFileURL } = require("node:url");

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const EXIT_UNFINISHED = 13; // as Node's own for a promise nobody keeps

const print = (...values) => process.stdout.write(`${format(...values)}\n`);
const complain = (...values) => process.stderr.write(`${format(...values)}\n`);
const logger = {
  debug: (...values) => process.env.ROLLWAY_DEBUG && print(...values),
  error: complain,
  info: print,
  log: print,
  warn: complain,
  write: (text) => process.stdout.write(text),
};

// A folder's package.json names its file; what is in ES modules has to be imported.
function fileOf(place) {
  try {
    return require.resolve(path.resolve(place));
  } catch (error) {
    const inside = path.join(path.resolve(place), "index.mjs");
    if (fs.existsSync(inside)) return inside;
    throw new Error(`the plugin has no main file: ${error.message.split("\n")[0]}`);
  }
}

function functionOf(module, name) {
  const places = [module, module.plugin, module.default, module.plugin?.default];
  places.push(module.default?.default, module.plugin?.default?.default);
  for (const place of places) {
    if (typeof place?.[name] === "function") return place[name].bind(place);
  }
  const bare = places.find((place) => typeof place === "function");
  return name === "run" ? bare : undefined;
}

function write(outputs) {
  const lines = [];
  for (const [name, value] of Object.entries(outputs)) {
    if (!NAME.test(name)) {
      complain(`output '${name}' is left out: that is no name`);
      continue;
    }
    const isText = value == null || typeof value === "string";
    const mark = isText ? randomUUID() : `json:${randomUUID()}`;
    lines.push(`${name}<<${mark}\n${isText ? (value ?? "") : JSON.stringify(value)}\n${mark}\n`);
  }
  fs.appendFileSync(process.env.ROLLWAY_OUTPUT, lines.join(""));
}

async function main(place) {
  const given = JSON.parse(fs.readFileSync(process.env.ROLLWAY_INPUTS, "utf8"));
  const module = await import(pathToFileURL(fileOf(place)));
  const name = given.post ? "postRun" : "run";
  const work = functionOf(module, name);
  if (!work && given.post) return;
  if (!work) throw new Error("the plugin exports no function run(inputs, context, logger)");
  const result = await work(given.inputs ?? {}, given.context ?? {}, logger);
  if (result && typeof result === "object") write(result);
}

let finished = false;
process.on("exit", (code) => {
  if (finished || code) return;
  complain("the plugin ended before its function had returned");
  process.exitCode = EXIT_UNFINISHED;
});
main(process.argv[2]).then(
  () => {
    finished = true;
    process.exit(0); // whatever timer or connection the plugin has left open
  },
  (error) => {
    complain(error?.expected ? error.message : (error?.stack ?? String(error)));
    process.exit(1);
  },
);
