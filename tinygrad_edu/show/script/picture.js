/* The picture: which text of it has which number, and how it is looked at. */

const VALUE = "#005a9c";
const GRADIENT = "#a33b00";

// -------------------------------------------------------------------------------------------------- texts with numbers

nodes.forEach(node => {
  node.place = byId(node.box);
  if (!node.place) return;
  const inColour = colour => [...node.place.querySelectorAll(`text[fill="${colour}" i]`)].filter(text => /\d|–|inf|nan/.test(text.textContent));
  node.drawn = { value: inColour(VALUE)[node.at], grad: inColour(GRADIENT)[node.at] };
  if (node.place.matches(".edge")) node.place.classList.add("weight");
  else alignRight(node.place);
  if (node.place.matches(".edge") || node.at === 0) node.place.addEventListener("click", () => { choose(node); go(node.click); });
});

for (const step of steps) {
  step.drawn = byId(step.arrow);
  if (!step.drawn || step.drawn.matches(".weight")) continue;
  const texts = [...step.drawn.querySelectorAll("text")];
  step.partialText = texts.find(text => !text.textContent.startsWith("←"));
  step.contributionText = texts.find(text => text.textContent.startsWith("←"));
}

const inSight = new IntersectionObserver(entries => {
  for (const { target, isIntersecting } of entries) target.outOfSight = !isIntersecting;
});
const isInSight = element => !element.outOfSight;
for (const each of [...nodes.flatMap(node => [node.place, node.line]), ...steps.map(step => step.drawn)]) {
  if (each) inSight.observe(each);
}

/* In a box with a line for each number they end at its right side, where longer ones have room. */
function alignRight(box) {
  const outline = box.querySelector("polygon, path");
  const points = outline.getAttribute(outline.matches("path") ? "d" : "points");
  const right = Math.max(...points.match(/-?[\d.]+(?=,)/g).map(Number)) - 6;
  for (const text of box.querySelectorAll("text[font-weight=bold][fill]")) {
    text.setAttribute("text-anchor", "end");
    text.setAttribute("x", right);
    text.room = 7.5;
  }
}

/* Write a text of the picture; one that is longer than the room it was drawn with is set narrower. */
function writeText(text, content) {
  if (text.written === content) return;
  text.room ??= widthOf(text.textContent);
  text.written = text.textContent = content;
  const width = text.room * Number(text.getAttribute("font-size")) * 0.56;
  if (widthOf(content) > text.room) {
    text.setAttribute("textLength", width.toFixed(1));
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  } else {
    text.removeAttribute("textLength");
  }
}

/* How wide a text is, about, in digits. */
function widthOf(text) {
  return [...text].reduce((sum, letter) => sum + (/[.,:()il\s]/.test(letter) ? 0.5 : 1), 0);
}

/* Write a number in place of a text's last word. */
function writeLast(text, number) {
  writeText(text, (text.written ?? text.textContent).trimEnd().replace(/\S+$/, number));
}

/* Write the local derivative and the contribution on an arrow. */
function writeArrow(step) {
  if (!live || step.phase !== "backward") return;
  if (step.partialText && !step.fixed) writeLast(step.partialText, format(step.partial));
  if (!step.contributionText) return;
  const [upstream, partial, contribution] = [step.upstream, step.partial, step.contribution].map(format);
  writeText(step.contributionText, `← ${upstream} × ${partial} = ${contribution}`);
}

// ------------------------------------------------------------------------------------------------- how it is looked at

const drawing = document.querySelector("#drawing svg");

/* Show the picture so many times as large as now; without a number, as large as fits. */
function zoom(times) {
  if (!drawing) return;
  const natural = drawing.viewBox.baseVal.width * 4 / 3; // of points, in pixels
  const scale = Math.min(8, Math.max(0.1, drawing.getBoundingClientRect().width / natural * times));
  drawing.classList.toggle("zoomed", Boolean(times));
  drawing.style.setProperty("--zoom", times ? scale : 1);
  keepAllInView(steps[current]);
}

/* Give the whole screen to the picture and the arithmetic, or as much of it as a notebook's frame has. */
function fullScreen(full = !document.body.classList.contains("full")) {
  if (!drawing) return;
  document.body.classList.toggle("full", full);
  byId("full").setAttribute("aria-pressed", full);
  if (full && document.fullscreenEnabled) document.documentElement.requestFullscreen().catch(() => {});
  if (!full && document.fullscreenElement) document.exitFullscreen();
  keepAllInView(steps[current]);
}

let percent = 100;

function fontSize(times) {
  percent = times ? Math.min(250, Math.max(60, percent * times)) : 100;
  document.documentElement.style.fontSize = `${percent}%`;
}

onClick("smaller", () => zoom(1 / 1.25));
onClick("fit", () => zoom());
onClick("larger", () => zoom(1.25));
onClick("full", () => fullScreen());
onClick("smaller_text", () => fontSize(1 / 1.1));
onClick("larger_text", () => fontSize(1.1));
document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement) fullScreen(false); });
Object.assign(keys, {
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(1 / 1.25), "−": () => zoom(1 / 1.25),
  "0": () => zoom(), f: () => fullScreen(), Escape: () => fullScreen(false),
});
