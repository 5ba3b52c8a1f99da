// The page around the panes: keys, themes, and what both have in common.
const panes = DATA.traces.map((trace, number) => new Pane(trace, number));
let focused = panes[0];

function focusOn(pane) {
  focused = pane;
  for (const other of panes) other.element.classList.toggle("current", panes.length > 1 && other === pane);
}

/** Moves one pane, and the other along with it as far as the two runs are the same. */
function go(pane, step) {
  pane.go(step);
  for (const other of panes) {
    if (other !== pane && other.step !== pane.step) other.go(pane.step);
  }
  const [at, task, , what] = pane.trace.events[pane.step] ?? ["", -1, "", "nothing"];
  find("live").textContent = `event ${pane.step + 1}, t=${at}, ${pane.who(task)}: ${what}`;
  document.body.dataset.step = String(pane.step);
}

function tell(event, text) {
  const tip = find("tip");
  tip.hidden = !event;
  if (!event) return;
  tip.textContent = text;
  const [x, y] = [event.clientX + 14, event.clientY + 16];
  tip.style.left = `${Math.min(x, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${y + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : y}px`;
}

function firstDifference() {
  if (panes.length < 2) return null;
  const [one, other] = panes.map((pane) => pane.trace);
  const line = (trace, index) => {
    const [at, task, , what] = trace.events[index];
    return `${at} ${task < 0 ? "" : trace.tasks[task].title} ${what}`;
  };
  const shared = Math.min(one.events.length, other.events.length);
  for (let index = 0; index < shared; index += 1) if (line(one, index) !== line(other, index)) return index;
  return one.events.length === other.events.length ? null : shared;
}

function setTheme(theme) {
  root.dataset.theme = theme;
  find("theme").textContent = theme === "dark" ? "light" : "dark";
  panes.forEach((pane) => { pane.draw(); pane.fill(); });
}

function stack() {
  const stacked = find("panes").classList.toggle("stacked");
  find("layout").textContent = stacked ? "side by side" : "stack";
}

function sameTask(pane, by) {
  const { events } = pane.trace;
  const task = events[pane.step]?.[1];
  for (let index = pane.step + by; index >= 0 && index < events.length; index += by) {
    if (events[index][1] === task) return index;
  }
  return pane.step;
}

const part = firstDifference();
const keys = {
  ArrowRight: (pane, shift) => go(pane, shift ? sameTask(pane, 1) : pane.step + 1),
  ArrowLeft: (pane, shift) => go(pane, shift ? sameTask(pane, -1) : pane.step - 1),
  ArrowDown: (pane) => go(pane, pane.step + 1),
  ArrowUp: (pane) => go(pane, pane.step - 1),
  PageDown: (pane) => go(pane, pane.step + 20),
  PageUp: (pane) => go(pane, pane.step - 20),
  Home: (pane) => go(pane, 0),
  End: (pane) => go(pane, Infinity),
  n: (pane) => go(pane, pane.choices.find((index) => index > pane.step) ?? pane.step),
  p: (pane) => go(pane, pane.choices.findLast((index) => index < pane.step) ?? pane.step),
  "+": (pane) => pane.scale(1.5),
  "=": (pane) => pane.scale(1.5),
  "-": (pane) => pane.scale(1 / 1.5),
  0: (pane) => pane.fit(),
  d: (pane) => { if (part !== null) go(pane, part); },
  v: () => { if (panes.length > 1) stack(); },
  r: () => { find("report").open = !find("report").open; },
  t: () => setTheme(isDark() ? "light" : "dark"),
  "?": () => find("keys").showModal(),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || find("keys").open) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act(focused, event.shiftKey);
});
find("theme").addEventListener("click", () => setTheme(isDark() ? "light" : "dark"));
find("help").addEventListener("click", () => find("keys").showModal());
find("layout").addEventListener("click", stack);
find("diverge").addEventListener("click", () => go(focused, part));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => panes.forEach((pane) => { pane.draw(); pane.fill(); }));

find("panes").append(...panes.map((pane) => pane.element));
find("panes").classList.toggle("two", panes.length > 1);
find("layout").hidden = panes.length < 2;
find("theme").textContent = isDark() ? "light" : "dark";
if (part !== null) {
  find("diverge").hidden = false;
  panes.forEach((pane) => { pane.part = part; });
}
if (DATA.report) {
  find("report").hidden = false;
  find("report").querySelector("pre").textContent = DATA.report;
}
focusOn(focused);
panes.forEach((pane) => pane.resize());
// Where to begin: where the runs part, or where the run was over, which is where it went wrong.
go(focused, part ?? focused.trace.over);
document.body.dataset.ready = "yes";
