/* Step through forward and backward: what a node looks like, what is marked, what the arithmetic is. Python has written
   every word of the page; here numbers are put into their places, and pieces of the page are marked. */

const byId = id => document.getElementById(id);
const { live, nodes, steps } = JSON.parse(byId("data").textContent);
const header = document.querySelector("header");
const last = steps.length - 1;
let current = 0;

nodes.forEach((node, i) => {
  node.row = node.row && byId(node.row);
  node.line = byId(`n${i}`);
  node.cells = { value: node.line.querySelector(".value"), grad: node.line.querySelector(".grad") };
  node.name = node.line.querySelector("th").textContent;
  node.text = node.cells.value.textContent; // as Python wrote it
});

document.querySelectorAll("#steps li").forEach((line, i) => {
  const [, sum, remark] = line.children;
  Object.assign(steps[i], { line, sum, remark, text: sum.lastElementChild.textContent });
});

const root = nodes[steps.find(step => step.phase === "start").child];
const filled = (words, places) => words.replace(/\{(\w+)\}/g, (_, name) => places[name]);

// ----------------------------------------------------------------------------------------------------- its numbers

const valueText = node => live ? format(node.number) : node.text;

/* The gradient that a step leaves. */
function gradientText(step) {
  if (!live) return step.text;
  return format(step.phase === "start" ? root.gradient : step.after);
}

/* What has been computed after a step: each node's value and the sum of its gradient so far. */
function numbersAfter(step) {
  const values = nodes.map(node => node.row ? "–" : valueText(node));
  const gradients = nodes.map(() => "–");
  for (const each of steps.slice(0, step + 1)) {
    if (each.phase === "forward") values[each.node] = valueText(nodes[each.node]);
    if ("child" in each) gradients[each.child] = gradientText(each);
  }
  return { values, gradients };
}

/* What a node is, in pieces: "−{0} × (−{1})" shows where operands stand, and which need parentheses if negative. */
const PLACE = /((?<![\p{L}\p{N}_])\(−\{\d+\}\)|−\{\d+\})/u;
const pieces = node => node.numbers.split(PLACE).filter(Boolean);
const operandAt = piece => PLACE.test(piece) ? Number(piece.match(/\d+/)[0]) : undefined;

function numberAt(node, piece) {
  const i = operandAt(piece);
  if (i === undefined) return piece;
  const text = format(nodes[node.operands[i]].number);
  return piece.startsWith("(") && text.startsWith("−") ? `(${text})` : text;
}

/* Write the numbers of a step's line, each into the element that has it. */
function writeLine(step) {
  if (!live || step.written === computed) return;
  step.written = computed;
  const put = (place, text) => { step.sum.children[place].textContent = text; };
  const node = nodes[step.node];
  if (step.phase === "given") {
    for (const { given, name, number } of leaves) if (given) given.data = `${name} = ${format(number)}${given.data.endsWith(",") ? "," : ""}`;
  } else if (step.phase === "start") {
    put(2, gradientText(step));
  } else if (step.phase === "forward") {
    put(4, pieces(node).map(piece => numberAt(node, piece)).join(""));
    put(6, format(node.number));
  } else if (step.phase === "backward") {
    [step.before, step.upstream, step.partial, step.after].forEach((x, i) => put(6 + 2 * i, format(x)));
    if (!step.fixed) step.remark.textContent = step.remark.textContent.replace(/\S+$/, format(step.partial));
  }
}

/* Show the value or the gradient of a node, in the table and in the picture. */
function writeNode(node, kind, text, inSight) {
  const cell = node.cells[kind];
  const drawn = node.drawn?.[kind];
  if (cell.textContent !== text && inSight(node.line)) cell.textContent = text;
  if (drawn && inSight(node.place)) writeLast(drawn, text);
}

/* Write the numbers of nodes and arrows, or of those in sight, as they are after the current step, or while it is asked. */
function writeNodes(inSight = () => true) {
  const asked = question(steps[current]);
  const { values, gradients } = numbersAfter(asked ? current - 1 : current);
  nodes.forEach((node, i) => {
    writeNode(node, "value", values[i], inSight);
    writeNode(node, "grad", gradients[i], inSight);
    if (node.row) node.place?.classList.toggle("waiting", values[i] === "–");
  });
  steps.forEach((each, i) => {
    const reached = i < current || i === current && !asked;
    each.drawn?.classList.toggle("reached", reached);
    if (reached && each.drawn && inSight(each.drawn)) writeArrow(each);
  });
}

/* Write the arithmetic of the current step, or ask for it. */
function writeStep() {
  const step = steps[current];
  writeLine(step);
  const asked = question(step);
  byId("now").replaceChildren(step.sum.cloneNode(true), step.remark.cloneNode(true));
  writeArguments(step);
  ask(step, asked);
}

/* Say what the variables of the row stand for. */
function writeArguments(step) {
  const node = nodes[step.node];
  const values = node ? [node, ...node.operands.map(i => nodes[i])] : []; // none for a constant
  const spans = (node?.arguments ?? []).map((words, i) => {
    const span = document.createElement("span");
    span.textContent = values[i] ? `${words} = ${valueText(values[i])}` : words;
    return span;
  });
  byId("arguments").replaceChildren(...spans.slice(step.phase === "forward" ? 1 : 0));
}

// ------------------------------------------------------------------------------------------------- what is marked

let marked = [];

function mark(name, elements) {
  for (const each of elements) {
    if (!each) continue;
    const names = [name, steps[current].phase];
    each.classList.add(...names);
    marked.push([each, names]);
  }
}

function unmark() {
  for (const [each, names] of marked) each.classList.remove(...names);
  marked = [];
}

function markNode(node, step) {
  const { made = [], inside = [], row } = node;
  made.forEach((piece, i) => mark(i === made.length - 1 ? "now" : "called", document.getElementsByClassName(piece)));
  inside.forEach(piece => mark("now", document.getElementsByClassName(piece)));
  byId("inside").hidden = !inside.length;
  if (!row) return;
  mark("now", [row]);
  mark("now", row.querySelectorAll(step.phase === "forward" ? ".forward" : `.partial${step.operand}, .partial`));
}

function markStep(step) {
  unmark();
  byId("inside").hidden = true;
  if (step.phase === "given") nodes.filter(node => !node.row).forEach(node => markNode(node, step));
  if ("node" in step) markNode(nodes[step.node], step);
  const target = nodes[step.child ?? step.node];
  if (target) mark("now", [target.place, target.line]);
  if ("child" in step && "node" in step) mark("from", [nodes[step.node].place]);
  mark("now", [step.drawn, step.line]);
}

// ----------------------------------------------------------------------------------------------------- the steps

function show(step) {
  current = Math.max(0, Math.min(last, step));
  const record = steps[current];
  header.className = record.phase;
  markStep(record);
  writeNodes();
  writeStep();
  writePosition();
  keepAllInView(record);
  byId("now").querySelector("input")?.focus({ preventScroll: true });
  remember();
}

/* Say which step it is, also to who does not see it. */
function writePosition() {
  const asked = question(steps[current]);
  const { sum, remark } = steps[current];
  const places = { step: current, steps: last };
  byId("position").textContent = filled(byId("position").dataset.words, places);
  const position = filled(byId("announcement").dataset.words, places);
  const words = asked ? asked.words : sum.textContent;
  byId("announcement").textContent = `${position}: ${asked ? words : `${words}; ${remark.textContent}`}`;
  byId("slider").value = current;
  byId("slider").setAttribute("aria-valuetext", `${current}: ${words}`);
  for (const [button, end] of [["first", 0], ["back", 0], ["next", last], ["last", last]]) {
    byId(button).disabled = current === end;
  }
}

function keepAllInView(step) {
  const text = document.querySelector("#source .now");
  const target = nodes[step.child ?? step.node]?.place;
  const operands = "child" in step ? [] : (nodes[step.node]?.operands ?? []).map(i => nodes[i]?.place);
  if (text) keepInView(text.closest("pre"), [text]);
  keepInView(byId("source"), [text]);
  keepInView(byId("drawing"), [target, step.drawn, ...operands]);
  keepInView(byId("drawing"), [target]);
  keepInView(byId("scroll"), [document.querySelector("tr.now")]);
}

/* Scroll a pane, and nothing else, to what is marked in it; to the beginning of what is wider than the pane. */
function keepInView(pane, elements) {
  const boxes = elements.filter(Boolean).map(element => element.getBoundingClientRect());
  if (!boxes.length) return;
  const outer = pane.getBoundingClientRect();
  const least = side => Math.min(...boxes.map(box => box[side]));
  const most = side => Math.max(...boxes.map(box => box[side]));
  const [left, right, top, bottom] = [least("left"), most("right"), least("top"), most("bottom")];
  if (left < outer.left || right > outer.right) {
    pane.scrollLeft += right - left > outer.width ? left - outer.left : (left + right - outer.left - outer.right) / 2;
  }
  if (top < outer.top || bottom > outer.bottom) {
    pane.scrollTop += bottom - top > outer.height ? top - outer.top : (top + bottom - outer.top - outer.bottom) / 2;
  }
}

// -------------------------------------------------------------------------------------------------- play and keys

let timer = null; // while it plays

function pause() {
  clearInterval(timer);
  timer = null;
  label("play", "words");
}

/* Write on a button one of the words that Python gave it. */
function label(button, words) {
  byId(button).textContent = byId(button).dataset[words];
}

function play() {
  if (current === last) show(0);
  timer = setInterval(() => {
    show(current + 1);
    if (current === last) pause();
  }, Number(byId("speed").value));
  label("play", "pause");
}

function playOrPause() {
  timer ? pause() : play();
}

function go(step) {
  pause();
  show(step);
}

const onClick = (id, action) => byId(id).addEventListener("click", action);

onClick("first", () => go(0));
onClick("back", () => go(current - 1));
onClick("next", () => go(current + 1));
onClick("last", () => go(last));
onClick("play", playOrPause);
byId("speed").addEventListener("change", () => { if (timer) { pause(); play(); } });
byId("slider").addEventListener("input", () => go(Number(byId("slider").value)));

// A link leads to its step here, because within a notebook it would lead to the notebook's address.
document.addEventListener("click", event => {
  const link = event.target.closest("a[href^='#step=']");
  if (!link) return;
  event.preventDefault();
  go(stepOf(link));
});

const keys = {
  ArrowRight: () => go(current + 1),
  ArrowLeft: () => go(current - 1),
  Home: () => go(0),
  End: () => go(last),
  " ": playOrPause,
};

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select, input")) return;
  if (!(event.key in keys) || event.key === " " && event.target !== document.body) return;
  event.preventDefault();
  keys[event.key]();
});

// On paper the picture shows all numbers, as the list of steps does.
let beforePrinting = null;
window.addEventListener("beforeprint", () => { beforePrinting = current; writeRest(); show(last); unmark(); });
window.addEventListener("afterprint", () => { const step = beforePrinting; beforePrinting = null; show(step); });

/* Write what a moving hand need not wait for. */
function writeRest() {
  steps.forEach(writeLine);
  writeNodes();
}
