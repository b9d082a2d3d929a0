/* Forward, backward, update: the leaves that are ticked move by −η · gradient. */

let outputs = []; // before the first update, and after each
let training = null; // while it runs

const moved = () => leaves.filter(leaf => leaf.tick.checked);

/* Do one step of gradient descent; false where a gradient is not defined. */
function descend(rate) {
  const ticked = moved();
  if (!ticked.length || !ticked.every(leaf => Number.isFinite(leaf.gradient))) return false;
  if (!outputs.length) outputs.push(root.number);
  for (const leaf of ticked) set(leaf, leaf.number - rate * leaf.gradient);
  compute(nodes, steps);
  outputs.push(root.number);
  return true;
}

function update(times = 1) {
  const rate = parsed(byId("rate").value);
  byId("rate").setAttribute("aria-invalid", rate === undefined);
  let goes = rate !== undefined;
  for (let i = 0; goes && i < times; i++) goes = descend(rate);
  recompute();
  drawCurve();
  if (!goes) stop();
}

function run() {
  if (training) return stop();
  training = setInterval(update, 60);
  label("run", "pause");
}

function stop() {
  clearInterval(training);
  training = null;
  label("run", "words");
}

function forgetUpdates() {
  outputs = [];
  drawCurve();
}

/* Draw the output over the updates, on an axis from 0 or less to the greatest. */
function drawCurve() {
  writeUpdated();
  byId("curve").toggleAttribute("hidden", !outputs.length);
  const known = outputs.filter(Number.isFinite);
  if (!known.length) return;
  const [low, high] = [Math.min(0, ...known), Math.max(0, ...known)];
  const most = Math.max(10, outputs.length - 1);
  const point = (number, i) => [60 + 330 * i / most, 110 - 100 * (number - low) / (high - low || 1)].map(x => x.toFixed(1));
  const line = outputs.map((number, i) => Number.isFinite(number) ? point(number, i).join() : "").join(" ").trim();
  const [, zero] = point(0, 0);
  byId("axes").setAttribute("d", `M60,10V110M60,${zero}H390`);
  byId("line").setAttribute("points", line);
  const [x, y] = point(known.at(-1), outputs.findLastIndex(Number.isFinite));
  byId("end").setAttribute("cx", x);
  byId("end").setAttribute("cy", y);
  byId("high").textContent = format(high);
  byId("low").textContent = format(low);
  byId("most").textContent = most;
}

function writeUpdated() {
  const names = moved().slice(0, 3).map(leaf => leaf.name).join(", ") + (moved().length > 3 ? ", …" : "");
  byId("moved").textContent = filled(byId("moved").dataset.words, { names });
  const places = { count: outputs.length - 1, name: root.name, first: format(outputs[0]), now: format(outputs.at(-1)) };
  byId("updated").textContent = outputs.length ? filled(byId("updated").dataset.words, places) : "";
}

onClick("once", () => { stop(); update(); });
onClick("ten", () => { stop(); update(10); });
onClick("run", run);
onClick("reset", () => {
  stop();
  for (const leaf of leaves) set(leaf, leaf.first);
  forgetUpdates();
  recompute();
});
byId("rate").addEventListener("input", remember);
byId("fields").addEventListener("change", writeUpdated);
byId("update").hidden = !leaves.length;
