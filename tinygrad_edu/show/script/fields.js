/* Numbers to be changed: each leaf has a field and a slider, and its place in the address. */

const leaves = live ? nodes.filter(node => node.kind) : [];
const MANY = 8; // beyond so many leaves, one at a time has its field
let computed = 0; // how many times
let frame = null; // in which the page will be computed anew
let resting = null; // until the other lines, and the address, are written

for (const leaf of leaves) {
  leaf.first = leaf.number = Number(leaf.number);
  const texts = [...steps[0].sum.children].map(span => span.firstChild);
  leaf.given = texts.find(text => text.data.replace(/,$/, "") === `${leaf.name} = ${leaf.text}`);
}

// ------------------------------------------------------------------------------------------------ computing anew

/* Compute and write everything that is seen; once the hand rests, the rest. */
function recompute() {
  cancelAnimationFrame(frame);
  frame = null;
  compute(nodes, steps);
  computed += 1;
  const failed = nodes.find(node => node.failure);
  byId("failure").hidden = !failed;
  byId("failure").textContent = failed ? `${failed.name}: ${failed.failure}` : "";
  writeNodes(isInSight);
  writeStep();
  remember();
}

/* A leaf has another number: compute with it in the next frame, however often it changes until then. */
function changed(leaf, number) {
  stop();
  forgetUpdates();
  set(leaf, number);
  frame ??= requestAnimationFrame(recompute);
}

/* Give a leaf a number, and show it in its field, unless somebody is typing there, and slider. */
function set(leaf, number) {
  leaf.number = number;
  if (leaf.field !== document.activeElement) leaf.field.value = shortened(number);
  leaf.slide.value = number;
}

const shortened = number => String(Number(number.toPrecision(6))).replace("-", "−");

// ------------------------------------------------------------------------------------------------------- the fields

function addField(leaf) {
  const { firstElementChild: place } = byId("leaf").content.cloneNode(true);
  const [tick, name, field, slide] = place.children;
  Object.assign(leaf, { tick, field, slide, fieldset: place });
  const named = (element, words) => element.setAttribute("aria-label", filled(element.dataset.words, { name: leaf.name, ...words }));
  name.textContent = leaf.name;
  place.classList.add(leaf.kind);
  const reach = roundAbove(2 * Math.max(1, Math.abs(leaf.first)));
  Object.assign(slide, { min: -reach, max: reach, step: reach / 100 });
  [tick, field].forEach(named);
  named(slide, { reach });
  tick.checked = leaf.kind === "parameter" || !leaves.some(other => other.kind === "parameter");
  slide.addEventListener("input", () => changed(leaf, Number(slide.value)));
  field.addEventListener("input", () => typed(leaf));
  field.addEventListener("focus", () => { field.value = String(leaf.number).replace("-", "−"); });
  field.addEventListener("blur", () => { field.setAttribute("aria-invalid", false); set(leaf, leaf.number); });
  place.addEventListener("keydown", event => { if (event.key === "Escape") changed(leaf, leaf.first); });
  byId("fields").append(place);
  set(leaf, leaf.number);
}

function typed(leaf) {
  const number = parsed(leaf.field.value);
  leaf.field.setAttribute("aria-invalid", number === undefined);
  if (number !== undefined) changed(leaf, number);
}

/* The next number of 1, 2, 5, 10, 20, 50, … */
function roundAbove(size) {
  if (!(size < 1e300)) return 2;
  const unit = 10 ** Math.floor(Math.log10(size));
  return [1, 2, 5, 10].map(times => times * unit).find(number => number >= size * (1 - 1e-9));
}

/* Show the field of a leaf, where not all have room. */
function choose(leaf) {
  if (!leaf.field || leaves.length <= MANY) return;
  for (const each of leaves) each.fieldset.hidden = each !== leaf;
  byId("chosen").selectedIndex = leaves.indexOf(leaf);
}

leaves.forEach(addField);
byId("leaves").hidden = !leaves.length;
if (leaves.length > MANY) {
  byId("chosen").hidden = false;
  byId("chosen").append(...leaves.map(leaf => new Option(leaf.name)));
  byId("chosen").addEventListener("change", () => choose(leaves[byId("chosen").selectedIndex]));
  choose(leaves[0]);
}

// ------------------------------------------------------------------------------------------------------ the address

const WORDS = ["step", "rate", "practise", "language"]; // of the page; a leaf that is called so has a dot before it

/* What the learner calls it: x also where the page numbers the name, x₁, unless other leaves are called so. */
function keyOf(leaf) {
  const own = ({ name }) => name.replace(/[₀-₉]+$/, "") || name;
  const key = leaves.filter(other => own(other) === own(leaf)).length > 1 ? leaf.name : own(leaf);
  return WORDS.includes(key) ? `.${key}` : key;
}

/* What the address tells: the step, and whatever is not as it was at first. */
function address(step = current) {
  const settings = new URLSearchParams({ step });
  for (const leaf of leaves) if (!Object.is(leaf.number, leaf.first)) settings.set(keyOf(leaf), leaf.number);
  if (byId("rate").value !== byId("rate").defaultValue) settings.set("rate", byId("rate").value);
  if (practising()) settings.set("practise", byId("level").value);
  return `#${settings}`;
}

/* Once the hand rests, write the other lines and the address; within a notebook there is none. */
function remember() {
  clearTimeout(resting);
  resting = setTimeout(() => {
    writeRest();
    if (location.protocol !== "about:") history.replaceState(null, "", address());
  }, 300);
}

/* Do what the address tells. What it tells and cannot be is left out. */
function follow() {
  pause();
  stop();
  const settings = new URLSearchParams(location.hash.slice(1));
  for (const leaf of leaves) set(leaf, parsed(settings.get(keyOf(leaf)) ?? "") ?? leaf.first);
  if (live) {
    byId("rate").value = parsed(settings.get("rate") ?? "") ?? byId("rate").defaultValue;
    practise(settings.get("practise"));
    forgetUpdates();
    recompute();
  }
  show(Number(settings.get("step")) || 0);
}

const stepOf = link => Number(link.hash.match(/^#step=(\d+)/)[1]);

// A link that is copied or opened elsewhere keeps the rest of the address.
for (const event of ["pointerdown", "focusin"]) {
  document.addEventListener(event, ({ target }) => {
    const link = target.closest?.("a[href^='#step=']");
    if (link) link.setAttribute("href", address(stepOf(link)));
  });
}
