// Checks of what a step hands to one of our plugins in Node.
"use strict";

// What is wrong, for the person who wrote the pipeline: shown without a trace.
class Problem extends Error {
  expected = true;
}

function distance(left, right) {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const same = left[i - 1].toLowerCase() === right[j - 1].toLowerCase();
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (same ? 0 : 1));
    }
    row = next;
  }
  return row[right.length];
}

function check(inputs, known, { required = [], path = "" } = {}) {
  for (const name of Object.keys(inputs)) {
    if (known.includes(name)) continue;
    const near = known.find((each) => distance(name.slice(0, 100), each) <= 2);
    const hint = near ? `did you mean '${path}${near}'?` : `there are ${known.join(", ")}`;
    throw new Problem(`unknown input '${path}${name}'; ${hint}`);
  }
  for (const name of required) {
    if (inputs[name] == null || inputs[name] === "") {
      throw new Problem(`input '${path}${name}' is missing`);
    }
  }
}

function text(inputs, name, fallback = "") {
  const value = inputs[name];
  if (value == null || value === "") return fallback;
  if (typeof value !== "string" && typeof value !== "number") {
    throw new Problem(`input '${name}' is a text`);
  }
  return String(value);
}

module.exports = { Problem, check, text };
