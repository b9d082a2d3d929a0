/* Practise: the numbers of a step are asked for, in fields that stand in the arithmetic itself. */

const ENOUGH = 3; // digits
const answered = new Map(); // by step: whether the first answer was right

const practising = () => byId("practise").checked;

/* What to ask in a step: its words, and each number with its name and whether 0 is right as well; null for nothing. */
function question(step) {
  if (!practising() || step.solved === computed || beforePrinting !== null) return null;
  const wanted = (step.phase === "forward" ? askForward : step.phase === "backward" ? askBackward : () => [])(step);
  if (!wanted.length || !wanted.every(({ number }) => Number.isFinite(number))) return null;
  const words = [...step.sum.children].slice(0, step.phase === "forward" ? 3 : 5).map(span => span.textContent).join(" ");
  return { words, wanted };
}

const everyNumber = () => byId("level").value === "2";

function askForward(step) {
  const node = nodes[step.node];
  const places = pieces(node).map(operandAt).filter(i => i !== undefined);
  const operands = places.map(i => nodes[node.operands[i]]);
  const result = { name: node.name, number: node.number, place: 6, size: sizeOfTerms(node) };
  return [...(everyNumber() ? operands.map(({ name, number }) => ({ name, number, size: 0 })) : []), result];
}

/* How large the terms are whose rounding is left over where they cancel: each operand times its local derivative. */
function sizeOfTerms(node) {
  const inputs = inputsOf(node, nodes);
  const local = attempt({}, () => partials(node.rule, node.number, ...inputs)) ?? [];
  return local.reduce((sum, partial, i) => sum + (Math.abs(partial * inputs[i]) || 0), 0);
}

function askBackward(step) {
  const numbers = [step.before, step.upstream, step.partial, step.after];
  const size = Math.abs(step.before ?? 0) + Math.abs(step.contribution ?? 0);
  const all = numbers.map((number, i) => ({ name: byId("now").dataset.names.split(", ")[i], number, place: 6 + 2 * i, size }));
  return everyNumber() ? all : all.slice(-1);
}

/* Three digits count; 0 does where what is left is rounding. */
function isRight(given, { number, size }) {
  if (given === undefined) return false;
  if (given === 0 || number === 0) return given === number || Math.abs(number) <= 1e-12 * size && given === 0;
  return given.toPrecision(ENOUGH) === number.toPrecision(ENOUGH) || Math.abs(given - number) <= 0.0005 * Math.abs(number);
}

// ---------------------------------------------------------------------------------------------------- asking

/* Put a question in the place of the numbers. What comes later is hidden until it is answered. */
function ask(step, asked) {
  document.body.classList.toggle("asking", Boolean(asked));
  document.body.classList.toggle("practising", practising());
  document.body.classList.remove("hinted");
  byId("answer").hidden = !asked;
  steps.forEach((each, i) => each.line.classList.toggle("ahead", Boolean(asked) && i >= current));
  if (!asked) return;
  byId("now").lastElementChild.remove();
  writeFields(step, asked);
  byId("said").textContent = score();
}

function writeFields(step, asked) {
  const { children } = byId("now").firstElementChild;
  if (step.phase === "forward" && everyNumber()) {
    children[4].replaceChildren(...pieces(nodes[step.node]).map(piece => operandAt(piece) === undefined ? piece : fieldFor()));
  }
  for (const { place } of asked.wanted) if (place) children[place].replaceChildren(fieldFor());
  byId("now").querySelectorAll("input").forEach((field, i) => {
    field.setAttribute("aria-label", `${asked.words}: ${asked.wanted[i].name}`);
  });
}

function fieldFor() {
  const field = document.createElement("input");
  Object.assign(field, { inputMode: "decimal", autocomplete: "off" });
  field.setAttribute("form", "answer");
  return field;
}

const fill = (words, places) => filled(byId("said").dataset[words], places);
const score = () => answered.size === 0 ? "" : fill("score", { right: [...answered.values()].filter(Boolean).length, asked: answered.size });

function check(event) {
  event.preventDefault();
  const asked = question(steps[current]);
  const fields = [...byId("now").querySelectorAll("input")];
  const wrong = fields.filter((field, i) => !isRight(parsed(field.value), asked.wanted[i]));
  fields.forEach(field => field.setAttribute("aria-invalid", wrong.includes(field)));
  if (!answered.has(current)) answered.set(current, !wrong.length);
  if (!wrong.length) return solve();
  const names = wrong.map(field => asked.wanted[fields.indexOf(field)].name).join(", ");
  byId("said").textContent = `${fill("wrong", { names })} ${score()}`;
  wrong[0].focus();
}

/* Show the step with its numbers, and be ready for the next: Enter goes on. */
function solve() {
  steps[current].solved = computed;
  show(current);
  byId("answer").hidden = false;
  byId("said").textContent = score();
  byId("next").focus();
}

/* Practise at a level, or no more. */
function practise(level) {
  byId("practise").checked = Boolean(level);
  if (level) byId("level").value = level === "2" ? "2" : "1";
  answered.clear();
  for (const step of steps) step.solved = null;
}

byId("answer").addEventListener("submit", check);
onClick("hint", () => document.body.classList.add("hinted"));
onClick("tell", () => { answered.set(current, false); solve(); });
byId("level").addEventListener("change", () => show(current));
byId("practise").addEventListener("change", () => {
  practise(practising() && byId("level").value);
  go(practising() ? Math.max(1, current) : current);
});
byId("asked").hidden = !live;

// -------------------------------------------------------------------------------------------------- all is ready

byId("controls").hidden = false;
byId("now").hidden = false;
document.body.className = "live";
byId("slider").max = last;
window.addEventListener("hashchange", follow);
follow();
