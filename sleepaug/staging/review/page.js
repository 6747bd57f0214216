"use strict";
// The page of a review. All text from files is set as text, never as HTML.

const STAGES = ["W", "N1", "N2", "N3", "R"];
const DEPTH = ["W", "R", "N1", "N2", "N3"]; // from top to bottom, as sleep laboratories draw it
const COLORS = { W: "#f2c14e", R: "#d1495b", N1: "#9fc2d9", N2: "#4a8db7", N3: "#1d4e79", "?": "#999" };
const KEYS = { w: "W", 1: "N1", 2: "N2", 3: "N3", r: "R", "?": "?" };
const SCALE = { eeg: 75, eog: 150, emg: 50 }; // microvolts from the middle of a channel to its edge
const OFFERED = 200; // windows in the list
const WINDOW = 30;

const $ = (id) => document.getElementById(id);
let night = null; // as the server sent it; `person` holds what was given since
let index = 0;
let at = 0; // the chosen window
let offered = false; // whether it was reached through the list of uncertain ones
let zoom = 1;
let unsaved = false;
let asked = 0; // counts requests for signals, so that a late answer is not drawn

async function fetchJson(path, options) {
  const answer = await fetch(path, options).catch(() => {
    throw new Error("The server does not answer. Has sleepaug review ended?");
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

function say(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

function stageOf(k) {
  return night.person[k] || night.automatic[k];
}

function clock(seconds) {
  if (night.start === null) return new Date(seconds * 1000).toISOString().slice(11, 19);
  // The start is local time without a zone; counted as UTC, no daylight saving moves it.
  return new Date(Date.parse(night.start + "Z") + seconds * 1000).toISOString().slice(11, 19);
}

// ---- what is drawn -------------------------------------------------------------------------

function canvas(id) {
  const element = $(id);
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [element.clientWidth, element.clientHeight];
  element.width = width * ratio;
  element.height = height * ratio;
  const pen = element.getContext("2d");
  pen.scale(ratio, ratio);
  pen.clearRect(0, 0, width, height);
  pen.font = "11px system-ui, sans-serif";
  return { pen, width, height };
}

const LEFT = 36;

function xOf(k, width) {
  return LEFT + (k / night.onset.length) * (width - LEFT - 6);
}

function drawOverview() {
  const { pen, width } = canvas("overview");
  const n = night.onset.length;
  const rowOf = (stage) => 14 + 20 * DEPTH.indexOf(stage);
  const step = Math.max(1, xOf(1, width) - xOf(0, width)) + 0.5; // so that no gaps show
  pen.fillStyle = "#333";
  DEPTH.forEach((stage) => pen.fillText(stage, 8, rowOf(stage) + 4));
  drawLine(pen, width, rowOf);
  for (let k = 0; k < n; k++) {
    const [x, stage] = [xOf(k, width), stageOf(k)];
    if (night.person[k]) {
      pen.fillStyle = "#2a7d2e";
      pen.fillRect(x, 2, step, 5);
    }
    pen.fillStyle = COLORS[stage];
    if (stage === "?") pen.fillRect(x, 104, step, 3);
    else pen.fillRect(x, rowOf(stage) - 2, step, 5);
    const model = night.automatic[k];
    if (model !== stage && model !== "?") {
      pen.fillStyle = "#777";
      pen.fillRect(x, rowOf(model) - 1, step, 2);
    }
    let top = 120;
    for (const name of DEPTH) {
      const share = night.probabilities[k] ? night.probabilities[k][STAGES.indexOf(name)] : 0;
      pen.fillStyle = COLORS[name];
      pen.fillRect(x, top, step, 80 * share);
      top += 80 * share;
    }
    if (!night.probabilities[k]) {
      pen.fillStyle = "#ddd";
      pen.fillRect(x, 120, step, 80);
    }
  }
  pen.fillStyle = "#333";
  pen.fillText("p", 8, 164);
  const each = Math.max(1, Math.round(n / 10));
  for (let k = 0; k < n; k += each) {
    pen.fillText(clock(night.onset[k]).slice(0, 5), xOf(k, width), 216);
  }
  pen.strokeStyle = "#555";
  pen.setLineDash([2, 3]);
  for (const [name, seconds] of Object.entries(night.lights)) {
    if (seconds === null) continue;
    const x = xOf((seconds - night.onset[0]) / WINDOW, width);
    pen.strokeRect(x, 4, 0, 196);
    pen.fillText(name, x + 3, 113);
  }
  pen.setLineDash([]);
  pen.strokeStyle = "#000";
  pen.strokeRect(xOf(at, width) - 0.5, 2, step + 1, 200);
}

function drawLine(pen, width, rowOf) {
  pen.strokeStyle = "#888";
  pen.lineWidth = 0.7;
  pen.beginPath();
  let before = "?";
  for (let k = 0; k < night.onset.length; k++) {
    const stage = stageOf(k);
    if (stage !== before && stage !== "?" && before !== "?") {
      pen.moveTo(xOf(k, width), rowOf(before));
      pen.lineTo(xOf(k, width), rowOf(stage));
    }
    before = stage;
  }
  pen.stroke();
  pen.lineWidth = 1;
}

function drawSignals(traces) {
  const { pen, width, height } = canvas("signals");
  const [left, right] = [92, 6];
  const across = width - left - right;
  for (let second = 0; second <= WINDOW; second++) {
    pen.strokeStyle = second % 5 === 0 ? "#ccc" : "#eee";
    const x = left + (second / WINDOW) * across;
    pen.strokeRect(x, 4, 0, height - 22);
    if (second % 5 === 0) {
      pen.fillStyle = "#555";
      pen.fillText(second + " s", x - (second === WINDOW ? 20 : 8), height - 5);
    }
  }
  const room = (height - 26) / traces.length;
  traces.forEach((trace, row) => {
    const middle = 6 + room * (row + 0.5);
    const microvolts = SCALE[trace.kind] / zoom;
    pen.fillStyle = "#333";
    pen.fillText(trace.name.slice(0, 16), 4, middle);
    pen.fillText("±" + Math.round(microvolts) + " µV", 4, middle + 12);
    pen.strokeStyle = "#123";
    pen.lineWidth = 0.8;
    pen.save();
    pen.beginPath();
    const reach = trace.kind === "emg" ? room / 2 : room; // a channel covers its neighbours, no more
    const top = Math.max(4, middle - reach);
    pen.rect(left, top, across, Math.min(middle + reach, height - 18) - top);
    pen.clip();
    pen.beginPath();
    let down = false;
    trace.microvolts.forEach((value, k) => {
      const x = left + (k / trace.sfreq / WINDOW) * across;
      if (value === null) down = false;
      else {
        const y = middle - (value / microvolts) * room * 0.5;
        if (down) pen.lineTo(x, y);
        else pen.moveTo(x, y);
        down = true;
      }
    });
    pen.stroke();
    pen.restore();
  });
}

function drawStages() {
  const box = $("stages");
  box.replaceChildren();
  [...STAGES, "?"].forEach((stage, k) => {
    const button = document.createElement("button");
    button.textContent = stage;
    const small = document.createElement("small");
    const p = night.probabilities[at];
    small.textContent = stage === "?" ? "open" : p ? (100 * p[k]).toFixed(0) + " %" : "-";
    button.append(small);
    button.classList.toggle("model", night.automatic[at] === stage);
    button.classList.toggle("chosen", stageOf(at) === stage);
    button.addEventListener("click", () => give(stage));
    box.append(button);
  });
}

function drawList() {
  const list = $("uncertain");
  list.replaceChildren();
  night.uncertain.slice(0, OFFERED).forEach((k) => {
    const item = document.createElement("li");
    const p = Math.max(...night.probabilities[k]);
    item.textContent = `${k + 1}  ${clock(night.onset[k])}  ${stageOf(k)}  ${(100 * p).toFixed(0)} %`;
    item.classList.toggle("done", Boolean(night.person[k]));
    item.classList.toggle("here", k === at);
    item.addEventListener("click", () => go(k, true));
    list.append(item);
    if (k === at) list.scrollTop = item.offsetTop - list.offsetTop - 100;
  });
}

function drawState() {
  const given = night.person.filter(Boolean).length;
  const changed = night.person.filter((stage, k) => stage && stage !== night.automatic[k]).length;
  $("progress").textContent = `${given} epochs reviewed, ${changed} changed`;
  $("state").textContent = unsaved ? "Not saved yet" : "";
  const by = night.person[at] ? "by a person" : "by the model";
  const why = night.reason[at] ? ` (${night.reason[at]})` : "";
  $("where").textContent =
    `Epoch ${at + 1} of ${night.onset.length}, ${clock(night.onset[at])}: ${stageOf(at)} ${by}${why}`;
}

function draw() {
  drawOverview();
  drawStages();
  drawList();
  drawState();
}

// ---- what a person does --------------------------------------------------------------------

async function go(k, isOffered) {
  at = Math.max(0, Math.min(night.onset.length - 1, k));
  offered = isOffered;
  draw();
  const mine = ++asked;
  try {
    const traces = await fetchJson(`night/${index}/window/${at}`);
    if (mine === asked) drawSignals(traces);
  } catch (error) {
    if (mine === asked) say(error.message);
  }
}

function nextUncertain() {
  const next = night.uncertain.find((k) => !night.person[k] && k !== at);
  if (next === undefined) say("All epochs have been reviewed.");
  else go(next, true);
}

function give(stage) {
  night.person[at] = stage;
  unsaved = true;
  if (offered) nextUncertain();
  else go(at + 1, false);
  draw();
}

async function save() {
  say("");
  const stages = {};
  night.person.forEach((stage, k) => { if (stage) stages[k] = stage; });
  const sent = JSON.stringify(night.person);
  $("state").textContent = "Saving";
  try {
    const saved = await fetchJson(`night/${index}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ revision: night.revision, stages }),
    });
    night.revision = saved.revision;
    unsaved = JSON.stringify(night.person) !== sent;
    if (!unsaved) $("state").textContent = `Saved: ${saved.files.length} files`;
    $("night").options[index].textContent = night.name + " (reviewed)";
  } catch (error) {
    $("state").textContent = "Not saved";
    say(error.message);
  }
}

async function open(k) {
  say("");
  document.querySelector("main").hidden = true;
  $("warnings").replaceChildren();
  night = null;
  index = k;
  $("state").textContent = "Loading";
  try {
    night = await fetchJson(`night/${k}`);
  } catch (error) {
    $("state").textContent = "";
    say(error.message);
    return;
  }
  document.title = "Review: " + night.name;
  night.warnings.forEach((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    $("warnings").append(item);
  });
  document.querySelector("main").hidden = false;
  unsaved = false;
  const first = night.uncertain.find((window) => !night.person[window]);
  await go(first === undefined ? 0 : first, first !== undefined);
}

document.addEventListener("keydown", (event) => {
  if (!night || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === $("night")) return;
  const key = event.key.toLowerCase();
  const actions = {
    arrowleft: () => go(at - 1, false),
    arrowright: () => go(at + 1, false),
    " ": nextUncertain,
    delete: () => { night.person[at] = ""; unsaved = true; draw(); },
    "+": () => { zoom *= 1.25; go(at, offered); },
    "-": () => { zoom /= 1.25; go(at, offered); },
    s: save,
  };
  if (key in KEYS) give(KEYS[key]);
  else if (key in actions) actions[key]();
  else return;
  event.preventDefault();
});

$("overview").addEventListener("click", (event) => {
  const width = $("overview").clientWidth;
  go(Math.floor(((event.offsetX - LEFT) / (width - LEFT - 6)) * night.onset.length), false);
});
$("save").addEventListener("click", () => { if (night) save(); });
$("next").addEventListener("click", nextUncertain);
$("back").addEventListener("click", () => { night.person[at] = ""; unsaved = true; draw(); });
$("night").addEventListener("change", (event) => {
  const leave = !unsaved || confirm("This night is not saved. Leave it?");
  if (leave) open(event.target.selectedIndex);
  else event.target.selectedIndex = index;
  event.target.blur();
});
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
window.addEventListener("resize", () => { if (night) go(at, offered); });

async function begin() {
  const nights = await fetchJson("nights");
  nights.forEach((one) => {
    const option = document.createElement("option");
    option.textContent = one.name + (one.saved ? " (reviewed)" : "");
    $("night").append(option);
  });
  await open(0);
}

begin().catch((error) => say(error.message));
