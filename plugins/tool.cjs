// A program that a plugin runs: it talks in the step's log.
"use strict";

const { spawn } = require("node:child_process");
const { Problem } = require("./inputs.cjs");

// Returns what the program printed where *capture* is set. Throws Problem if it fails.
function run(program, args, { cwd, env, missing, capture = false }) {
  return new Promise((resolve, reject) => {
    const stdio = ["ignore", capture ? "pipe" : "inherit", "inherit"];
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio });
    const printed = [];
    child.stdout?.on("data", (chunk) => printed.push(chunk));
    child.on("error", (error) => {
      const absent = error.code === "ENOENT" && missing;
      reject(new Problem(absent || `${program} cannot be started: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(printed).toString().trim());
      else reject(new Problem(`${program} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

module.exports = { run };
