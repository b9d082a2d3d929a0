"use strict";

/* Compute as Python does: the rows of the derivative table, forward and backward, and numbers as text. Nothing here
   knows of a document, so it runs in Node as well. No derivative stands here: the rows are Python's, translated. */

const rows = {}; // by name: { forward, partials, says }, and the functions that they call
const reasons = {}; // what Python says where a division, a power or a function of math has no value

class Refusal extends Error {
  constructor(message, tooLarge = false) {
    super(message);
    this.tooLarge = tooLarge;
  }
}

function refuse(words, tooLarge) {
  throw new Refusal(words, tooLarge);
}

// --------------------------------------------------------------------------------------- arithmetic, with refusals

const truth = x => x !== 0 && x !== false; // nan is true

function divide(x, y) {
  return Number(y) === 0 ? refuse(reasons.division) : x / y;
}

function remainder(x, y) {
  if (Number(y) === 0) refuse(reasons.remainder);
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest; // of the sign of y
}

/* x ** y as C has it, which knows 1 ** nan and (-1) ** inf. */
function toThe(x, y) {
  return x === 1 || x === -1 && Math.abs(y) === Infinity ? 1 : Math.pow(x, y);
}

const power = (x, y) => poleAt(x, y) ? refuse(reasons.power) : checked(toThe, "tooLarge")(x, y);
const poleAt = (x, y) => Number(x) === 0 && y < 0 && y !== -Infinity;

/* A function that refuses where its result is not finite although its inputs are. */
function checked(f, tooLarge = "") {
  return (...inputs) => {
    const result = f(...inputs);
    if (Number.isNaN(result) && !inputs.some(Number.isNaN)) refuse(reasons.domain);
    if (Math.abs(result) === Infinity && inputs.every(Number.isFinite)) refuse(reasons.domain, Boolean(tooLarge));
    return result;
  };
}

const grow = ["exp", "expm1", "sinh", "cosh"];
const others = ["log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "tanh", "asinh",
  "acosh", "atanh"];

/* Python's module math, and three of its builtins. */
const math = {
  ...Object.fromEntries(grow.map(name => [name, checked(Math[name], "tooLarge")])),
  ...Object.fromEntries(others.map(name => [name, checked(Math[name])])),
  pow: (x, y) => poleAt(x, y) ? refuse(reasons.domain) : power(x, y),
  isnan: Number.isNaN,
  isfinite: Number.isFinite,
  isinf: x => Math.abs(x) === Infinity,
  fabs: Math.abs,
  abs: Math.abs,
  float: Number,
  max: (x, ...others) => others.reduce((most, y) => y > most ? y : most, x),
  min: (x, ...others) => others.reduce((least, y) => y < least ? y : least, x),
};

/* A row's own words for what it refuses, with its numbers. */
function inWordsOf(name, says, error, inputs) {
  if (!(error instanceof Refusal)) return error;
  const words = rows[name].says[says + error.tooLarge];
  const filled = words.replace(/\{(\d+|reason)\}/g, (_, i) => i === "reason" ? error.message : written(inputs[i]));
  return new Refusal(filled, error.tooLarge);
}

function value(name, ...inputs) {
  try {
    return Number(rows[name].forward(...inputs));
  } catch (error) {
    throw inWordsOf(name, 0, error, inputs);
  }
}

function partials(name, out, ...inputs) {
  try {
    return rows[name].partials(out, ...inputs).map(Number);
  } catch (error) {
    throw inWordsOf(name, 2, error, inputs);
  }
}

// --------------------------------------------------------------------------------------------- forward and backward

/* Compute every node from the leaves, then every step backward. What has no number is undefined; the node where it
   failed has the row's words as its `failure`. */
function compute(nodes, steps) {
  for (const node of nodes) node.failure = "";
  forward(nodes);
  backward(nodes, steps);
}

function attempt(node, action) {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    node.failure = error.message;
    return undefined;
  }
}

/* The numbers of a node's operands: other nodes, or constants, which are text. */
function inputsOf(node, nodes) {
  return node.operands.map(operand => typeof operand === "string" ? Number(operand) : nodes[operand].number);
}

function forward(nodes) {
  for (const node of nodes) {
    if (!node.rule) continue;
    const inputs = inputsOf(node, nodes);
    node.number = inputs.includes(undefined) ? undefined : attempt(node, () => value(node.rule, ...inputs));
  }
}

function backward(nodes, steps) {
  const whole = nodes.every(node => node.number !== undefined);
  for (const node of nodes) node.gradient = whole ? 0 : undefined;
  let node = null;
  let local = [];
  for (const step of steps) {
    if (step.phase === "start" && whole) nodes[step.child].gradient = 1;
    if (step.phase !== "backward") continue;
    if (node !== nodes[step.node]) {
      node = nodes[step.node];
      local = whole && attempt(node, () => partials(node.rule, node.number, ...inputsOf(node, nodes))) || [];
    }
    chainRule(step, node, nodes[step.child], local[step.operand]);
  }
}

function chainRule(step, node, child, partial) {
  step.before = child.gradient;
  step.upstream = node.gradient;
  step.partial = partial;
  const known = ![step.before, step.upstream, partial].includes(undefined);
  step.contribution = known ? step.upstream * partial : undefined;
  step.after = known ? step.before + step.contribution : undefined;
  child.gradient = step.after;
}

// --------------------------------------------------------------------------------------------------- numbers as text

const sign = x => x < 0 ? "−" : "";

/* Four digits, as Python's ".4g" has them: a half is rounded to even. */
function format(x) {
  if (x === undefined) return "–";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : `${sign(x)}inf`;
  if (x === 0) return "0";
  const [digits, exponent] = fourDigits(Math.abs(x));
  const trimmed = text => text.replace(/\.?0+$/, "");
  if (exponent < -4 || exponent >= 4) return sign(x) + trimmed(`${digits[0]}.${digits.slice(1)}`) + tenToThe(exponent);
  if (exponent === 3) return sign(x) + digits;
  if (exponent < 0) return sign(x) + trimmed(`0.${"0".repeat(-exponent - 1)}${digits}`);
  return sign(x) + trimmed(`${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`);
}

/* The first four digits of a positive number, rounded, and its exponent. */
function fourDigits(x) {
  const exactly = x.toExponential(100);
  const tie = /^\d\.\d\d[02468]50+e/.test(exactly);
  const [digits, exponent] = (tie ? exactly.slice(0, 5) + exactly.slice(exactly.indexOf("e")) : x.toExponential(3)).split("e");
  return [digits.replace(".", ""), Number(exponent)];
}

function tenToThe(exponent) {
  return `e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/* A number with all its digits, as Python's str has it: 1.0, 1e-05, -inf. */
function written(x) {
  if (!Number.isFinite(x)) return String(x).replace("Infinity", "inf").replace("NaN", "nan");
  const [digits, exponent] = x.toExponential().split("e");
  if (x !== 0 && (exponent < -4 || exponent >= 16)) return digits + tenToThe(Number(exponent));
  const text = Object.is(x, -0) ? "-0" : String(x);
  return text.includes(".") ? text : `${text}.0`;
}

/* The number that a text is: 0.5, "1,5", "−2", ".25", "1/4"; undefined if it is none. */
function parsed(text) {
  const parts = text.trim().replaceAll("−", "-").replaceAll(",", ".").split("/");
  const numeral = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;
  if (parts.length > 2 || !parts.every(part => numeral.test(part))) return undefined;
  const number = parts.map(Number).reduce((x, y) => x / y);
  return Number.isFinite(number) ? number : undefined;
}

if (typeof module !== "undefined") module.exports = { rows, reasons, value, partials, compute, format, written, parsed };
