"use strict";
// Data: { report, traces: [{ title, run (null if it has no number), tasks: [{ title, short, spawned }],
//   events: [[at, task, kind, what, site]], turns: [[task, from, to]],
//   waits: [[task, from, to, what, site, holders]], ready: [[task, from, to]],
//   over: the event with which the run was over,
//   arrows: [[from event, from task, to event, to task, kind]] }] }
// Tasks are places in the list, -1 for the engine's own code; events are numbered from 0.
const DATA = JSON.parse(document.getElementById("data").textContent);
const LABELS = 132, ROW = 36, TOP = 26, NEAR = 1e-6, MANY = 12;
const root = document.documentElement;
const find = (id) => document.getElementById(id);
const make = (tag, name, text) => {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
};
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const isDark = () => root.dataset.theme
  ? root.dataset.theme === "dark"
  : matchMedia("(prefers-color-scheme: dark)").matches;

/** As much of a text as there is room for, in pixels. */
function shortened(context, text, room) {
  const width = context.measureText(text).width;
  if (width <= room) return text;
  const kept = Math.floor(text.length * room / width) - 2;
  return kept > 2 ? `${text.slice(0, kept)}…` : "";
}

/** The first of `from..to` for which `test` holds, `to` if none: it holds from some point on. */
function firstWhere(from, to, test) {
  while (from < to) {
    const middle = (from + to) >> 1;
    if (test(middle)) to = middle; else from = middle + 1;
  }
  return from;
}

class Pane {
  constructor(trace, number) {
    this.trace = trace;
    this.number = number;
    this.step = 0;
    this.zoom = null;
    this.picked = null;
    this.part = null;
    this.spans = [
      ...trace.turns.map(([task, from, to]) => ({ kind: "turn", task, from, to })),
      ...trace.ready.map(([task, from, to]) => ({ kind: "ready", task, from, to })),
      ...trace.waits.map(([task, from, to, what, site, holders]) =>
        ({ kind: "wait", task, from, to, what, site, holders })),
    ].sort((one, other) => one.from - other.from);
    this.longest = this.spans.reduce((most, span) => Math.max(most, span.to - span.from), 0);
    this.lives = trace.tasks.map(() => [Infinity, -1]);
    const lives = (task, from, to) => {
      if (task < 0) return;
      const life = this.lives[task];
      [life[0], life[1]] = [Math.min(life[0], from), Math.max(life[1], to)];
    };
    this.spans.forEach(({ task, from, to }) => lives(task, from, to));
    trace.events.forEach(([, task], index) => lives(task, index, index));
    this.rows = trace.tasks.map((_, task) => task);
    this.choices = trace.events.flatMap((event, index) => event[2] === "choice" ? [index] : []);
    this.build();
  }

  build() {
    const { trace } = this;
    this.element = make("section", "pane");
    this.element.setAttribute("aria-label", trace.title);
    const heading = make("h2", "", trace.title);
    const last = trace.events.length ? trace.events[trace.events.length - 1][0] : "0.000";
    const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
    if (trace.run) heading.append(make("span", "", `run ${trace.run}`));
    heading.append(
      make("span", "", `${count(trace.tasks.length, "task")}, ${count(trace.events.length, "event")}, t=${last} at the end`));
    this.chart = make("div", "chart");
    this.chart.tabIndex = 0;
    this.canvas = make("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `${trace.tasks.length} lanes, a task each; the list below tells the same`);
    this.size = make("div", "size");
    this.chart.append(this.canvas, this.size);
    const controls = make("div", "controls");
    const button = (text, title, act) => {
      const made = make("button", "", text);
      made.type = "button";
      made.title = title;
      made.setAttribute("aria-label", title);
      made.addEventListener("click", () => { focusOn(this); act(); });
      return made;
    };
    this.slider = make("input");
    Object.assign(this.slider, { type: "range", min: 0, max: Math.max(0, trace.events.length - 1), value: 0 });
    this.slider.setAttribute("aria-label", `event of ${trace.title}`);
    this.slider.addEventListener("input", () => { focusOn(this); go(this, Number(this.slider.value)); });
    this.output = make("output");
    controls.append(button("◀", "one event back", () => go(this, this.step - 1)), this.slider,
      button("▶", "one event on", () => go(this, this.step + 1)),
      button("−", "further away", () => this.scale(1 / 1.5)), button("+", "closer", () => this.scale(1.5)),
      button("all", "everything", () => this.fit()), this.output);
    this.say = make("div", "say");
    this.list = make("div", "list");
    this.list.tabIndex = -1;
    this.items = make("ol");
    this.items.style.height = `${trace.events.length * 20}px`;
    this.list.append(this.items);
    this.element.append(heading, this.chart, controls, this.say, this.list);
    this.chart.addEventListener("scroll", () => this.draw());
    this.list.addEventListener("scroll", () => this.fill());
    this.canvas.addEventListener("mousemove", (event) => this.hover(event));
    this.canvas.addEventListener("mouseleave", () => tell(null));
    this.canvas.addEventListener("click", (event) => this.click(event));
    this.element.addEventListener("focusin", () => focusOn(this));
    this.items.addEventListener("click", (event) => {
      const item = event.target.closest("li");
      if (item) { focusOn(this); this.picked = null; go(this, Number(item.dataset.event)); }
    });
    new ResizeObserver(() => { this.resize(); }).observe(this.chart);
  }

  /** How many pixels an event has: so that all fit, but never so few that nothing is seen. */
  get pixels() {
    const room = Math.max(80, this.chart.clientWidth - LABELS - 24);
    return this.zoom ?? clamp(room / Math.max(1, this.trace.events.length), 7, 34);
  }

  fit() {
    const room = Math.max(80, this.chart.clientWidth - LABELS - 24);
    this.zoom = room / Math.max(1, this.trace.events.length);
    this.resize();
  }

  scale(factor) {
    this.zoom = clamp(this.pixels * factor, 0.02, 80);
    this.resize();
    this.show();
  }

  x(event) { return LABELS + 10 + event * this.pixels - this.chart.scrollLeft; }
  y(task) { return TOP + this.rowOf(task) * ROW - this.chart.scrollTop; }

  /** The row of a task. One that has none just now is above or below those that have. */
  rowOf(task) {
    const row = this.rows.indexOf(task);
    if (row >= 0) return row;
    return task < this.rows[0] ? -1 : firstWhere(0, this.rows.length, (index) => this.rows[index] > task) - 0.5;
  }

  /** Of many tasks, those have rows that live while what is seen happens. */
  chooseRows(from, to) {
    if (this.trace.tasks.length <= MANY) return;
    this.rows = this.trace.tasks.map((_, task) => task)
      .filter((task) => this.lives[task][0] <= to && this.lives[task][1] >= from);
    this.size.style.height = `${TOP + this.rows.length * ROW + 8}px`;
  }

  eventAt(x) {
    return clamp(Math.floor((x - LABELS - 10 + this.chart.scrollLeft) / this.pixels), 0, this.trace.events.length - 1);
  }

  resize() {
    const { chart, canvas, trace } = this;
    this.size.style.width = `${LABELS + 24 + trace.events.length * this.pixels}px`;
    this.size.style.height = `${TOP + this.rows.length * ROW + 8}px`;
    // No taller than its lanes, with room for what stands below them: the list has the rest.
    chart.style.maxHeight = `${TOP + this.rows.length * ROW + 44}px`;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [chart.clientWidth, chart.clientHeight];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    this.show();
    this.reveal();
  }

  /** Scrolls so that the event is seen. */
  show() {
    const { chart } = this;
    const room = chart.clientWidth - LABELS;
    const at = 10 + this.step * this.pixels;
    if (at < chart.scrollLeft + 20 || at + this.pixels > chart.scrollLeft + room - 30) {
      chart.scrollLeft = Math.max(0, at - room * 0.55);
    }
    const task = this.trace.events[this.step]?.[1] ?? -1;
    if (task >= 0) {
      const row = Math.max(0, Math.floor(this.rowOf(task)));
      const [top, bottom] = [row * ROW, row * ROW + ROW + TOP];
      if (top < chart.scrollTop) chart.scrollTop = top;
      if (bottom > chart.scrollTop + chart.clientHeight) chart.scrollTop = bottom - chart.clientHeight;
    }
    this.draw();
  }

  /** The spans that overlap the events `from..to`. */
  visible(from, to) {
    const { spans } = this;
    const begin = firstWhere(0, spans.length, (index) => spans[index].from >= from - this.longest);
    const end = firstWhere(begin, spans.length, (index) => spans[index].from > to);
    return spans.slice(begin, end).filter((span) => span.to >= from);
  }

  draw() {
    const { canvas, chart, trace, pixels } = this;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.width / ratio, canvas.height / ratio];
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const ink = { ink: color("--ink"), soft: color("--soft"), line: color("--line"), row: color("--row"),
      panel: color("--panel"), wait: color("--wait"), fill: color("--wait-fill"), ready: color("--ready"),
      now: color("--now"), accent: color("--accent"), choice: color("--choice"), choiceFill: color("--choice-fill") };
    const [from, to] = [this.eventAt(LABELS), this.eventAt(width) + 1];
    this.chooseRows(from, to);
    context.save();
    context.beginPath();
    context.rect(LABELS, 0, width - LABELS, height);
    context.clip();
    this.drawRows(context, ink, width, height);
    this.drawTimes(context, ink, from, to, height);
    for (const kind of ["ready", "wait", "turn"]) {
      for (const span of this.visible(from, to)) if (span.kind === kind) this.drawSpan(context, ink, span);
    }
    this.drawMarks(context, ink, from, to, height);
    this.drawArrows(context, ink, from, to);
    if (this.part !== null) this.drawRule(context, ink.choice, this.x(this.part), height, "the runs part");
    if (trace.over + 1 < trace.events.length) this.drawRule(context, ink.soft, this.x(trace.over), height, "the run is over");
    const now = this.x(this.step + 0.5);
    this.drawRule(context, ink.now, now, height, "");
    context.globalAlpha = 0.4;
    context.fillStyle = ink.panel;
    context.fillRect(now + 1, TOP, width - now, height);
    context.globalAlpha = 1;
    context.restore();
    this.drawLabels(context, ink, height);
    chart.dataset.step = String(this.step);
  }

  hue(task, alpha) {
    const hue = (205 + task * 67) % 360;
    return isDark() ? `hsl(${hue} 55% 62% / ${alpha})` : `hsl(${hue} 55% 42% / ${alpha})`;
  }

  drawRows(context, ink, width, height) {
    this.rows.forEach((task, row) => {
      const y = this.y(task);
      if (y > height || y + ROW < 0) return;
      if (row % 2 === 0) { context.fillStyle = ink.row; context.fillRect(LABELS, y, width, ROW); }
    });
  }

  /** Virtual time, where it changes. */
  drawTimes(context, ink, from, to, height) {
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.textAlign = "left";
    let last = null, free = -Infinity;
    for (let index = from; index < Math.min(to, this.trace.events.length); index += 1) {
      const at = this.trace.events[index][0];
      if (at === last) continue;
      const x = last === null ? Math.max(this.x(index), LABELS + 4) : this.x(index);
      if (last !== null) {
        context.strokeStyle = ink.line;
        context.beginPath();
        context.moveTo(x + 0.5, 14);
        context.lineTo(x + 0.5, height);
        context.stroke();
      }
      last = at;
      if (x < free) continue;
      context.fillStyle = ink.soft;
      const text = `t=${at}`;
      context.fillText(text, x + 4, 13);
      free = x + context.measureText(text).width + 14;
    }
  }

  drawSpan(context, ink, span) {
    const [x, right] = [this.x(span.from), this.x(span.to)];
    const width = Math.max(1.5, right - x);
    const y = this.y(span.task);
    context.beginPath();
    if (span.kind === "turn") {
      context.roundRect(x, y + 7, width, ROW - 14, Math.min(5, width / 2));
      context.fillStyle = this.hue(span.task, 0.85);
      context.fill();
    } else if (span.kind === "ready") {
      context.roundRect(x, y + ROW / 2 - 2, width, 4, 2);
      context.fillStyle = ink.ready;
      context.fill();
    } else {
      context.roundRect(x + 0.5, y + 9.5, width - 1, ROW - 19, 4);
      context.fillStyle = ink.fill;
      context.fill();
      context.strokeStyle = ink.wait;
      context.lineWidth = this.picked === span ? 2.5 : 1;
      context.stroke();
      context.lineWidth = 1;
      this.drawWaitText(context, ink, span, Math.max(x, LABELS) + 6, right - 6, y);
    }
  }

  drawWaitText(context, ink, span, left, right, y) {
    if (right - left < 30) return;
    const names = span.holders.map((task) => this.trace.tasks[task].short).join(", ");
    context.font = "11px system-ui, sans-serif";
    const text = shortened(context, names ? `${span.what}  held by ${names}` : span.what, right - left);
    context.fillStyle = ink.wait;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.save();
    context.beginPath();
    context.rect(left, y, right - left, ROW);
    context.clip();
    context.fillText(text, left, y + ROW / 2 + 0.5);
    context.restore();
  }

  /** What tasks do in their turns, and choices that are not plain. */
  drawMarks(context, ink, from, to, height) {
    const { events } = this.trace;
    const every = Math.max(1, Math.ceil(2 / this.pixels));
    for (let index = from; index < Math.min(to, events.length); index += every) {
      const [, task, kind] = events[index];
      const x = this.x(index + 0.5);
      if (kind === "choice") {
        context.fillStyle = ink.choice;
        context.beginPath();
        context.moveTo(x, TOP - 1);
        context.lineTo(x - 4, TOP - 7);
        context.lineTo(x + 4, TOP - 7);
        context.fill();
        context.globalAlpha = 0.5;
        context.fillRect(x - 0.5, TOP, 1, height);
        context.globalAlpha = 1;
        continue;
      }
      if (task < 0 || this.pixels < 3 || kind === "step") continue;
      const y = this.y(task) + ROW / 2;
      const radius = Math.min(4, this.pixels / 2.6);
      context.fillStyle = kind === "blocked" || kind === "fault" ? ink.wait : ink.panel;
      context.strokeStyle = ink.ink;
      context.beginPath();
      if (kind === "shared") {
        context.moveTo(x, y - radius - 1);
        context.lineTo(x + radius + 1, y);
        context.lineTo(x, y + radius + 1);
        context.lineTo(x - radius - 1, y);
        context.closePath();
      } else if (kind === "say" || kind === "fault") {
        context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
      } else {
        context.arc(x, y, kind === "minor" ? radius * 0.55 : radius, 0, 7);
      }
      context.fill();
      if (kind !== "minor") context.stroke();
    }
  }

  drawArrows(context, ink, from, to) {
    if (this.pixels < 1.2) return;
    for (const [begin, fromTask, end, toTask, kind] of this.trace.arrows) {
      if (end < from || begin > to || fromTask === toTask) continue;
      const [x, x2] = [this.x(begin + 0.5), this.x(end) + 1];
      const y = fromTask < 0 ? TOP : this.y(fromTask) + ROW / 2;
      const y2 = this.y(toTask) + (toTask > fromTask ? 9 : ROW - 9);
      context.strokeStyle = kind === "hand" ? ink.accent : ink.soft;
      context.fillStyle = context.strokeStyle;
      context.setLineDash(kind === "spawn" ? [3, 3] : []);
      context.lineWidth = kind === "hand" ? 1.8 : 1;
      context.globalAlpha = end <= this.step ? 0.95 : 0.55;
      context.beginPath();
      context.moveTo(x, y);
      const bend = Math.min(40, Math.max(6, (x2 - x) / 2));
      const up = y2 > y ? -1 : 1;
      context.bezierCurveTo(x + 2, y2 + up * 4, x2 - bend, y2 + up * 10, x2, y2);
      context.stroke();
      context.setLineDash([]);
      context.beginPath();
      context.moveTo(x2 + 1, y2);
      context.lineTo(x2 - 6, y2 + up * 6);
      context.lineTo(x2 - 7, y2 - up * 1);
      context.fill();
      context.globalAlpha = 1;
    }
    context.lineWidth = 1;
  }

  drawRule(context, style, x, height, text) {
    context.strokeStyle = style;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x, text ? TOP - 8 : 0);
    context.lineTo(x, height);
    context.stroke();
    context.lineWidth = 1;
    if (text) {
      context.fillStyle = style;
      context.font = "11px system-ui, sans-serif";
      context.textAlign = "left";
      context.fillText(text, x + 4, height - 9);
    }
  }

  drawLabels(context, ink, height) {
    context.fillStyle = ink.panel;
    context.fillRect(0, 0, LABELS, height);
    context.strokeStyle = ink.line;
    context.beginPath();
    context.moveTo(LABELS - 0.5, 0);
    context.lineTo(LABELS - 0.5, height);
    context.stroke();
    context.save();
    context.beginPath();
    context.rect(0, TOP, LABELS - 6, height);
    context.clip();
    context.textBaseline = "middle";
    context.textAlign = "left";
    const current = this.trace.events[this.step]?.[1];
    this.rows.forEach((index) => {
      const task = this.trace.tasks[index];
      const y = this.y(index) + ROW / 2;
      if (y < -ROW || y > height + ROW) return;
      context.fillStyle = this.hue(index, 1);
      context.fillRect(8, y - 9, 4, 18);
      context.fillStyle = ink.ink;
      context.font = `${index === current ? "600 " : ""}12px system-ui, sans-serif`;
      const hasName = task.short !== task.path;
      context.fillText(shortened(context, task.short, LABELS - 26), 18, hasName ? y - 6 : y);
      if (hasName) {
        context.fillStyle = ink.soft;
        context.font = "10px system-ui, sans-serif";
        context.fillText(task.path, 18, y + 8);
      }
    });
    context.restore();
  }

  /** What is under the mouse: an event of its task, or a span. */
  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (x < LABELS || !this.trace.events.length) return null;
    const index = this.eventAt(x);
    if (y < TOP) return { index, span: null };
    const task = this.rows[Math.floor((y - TOP + this.chart.scrollTop) / ROW)] ?? -1;
    const at = (x - LABELS - 10 + this.chart.scrollLeft) / this.pixels;
    const span = this.visible(index, index + 1).filter((span) => span.task === task && span.from <= at + NEAR && at <= span.to)
      .sort((one, other) => (one.kind === "wait" ? 0 : 1) - (other.kind === "wait" ? 0 : 1));
    return { index, task, span: span[0] ?? null };
  }

  hover(event) {
    const under = this.under(event);
    if (!under) return tell(null);
    const { index, span, task } = under;
    if (span?.kind === "wait") return tell(event, this.describeWait(span));
    const [at, who, , what, site] = this.trace.events[index];
    if (task !== undefined && who !== task) {
      if (!span) return tell(null);
      return tell(event, `${this.trace.tasks[task].title}: ${span.kind === "ready" ? "ready, not chosen yet" : "its turn"}`);
    }
    tell(event, `t=${at}  ${this.who(who)}\n${what}${site ? `\n${site}` : ""}`);
  }

  click(event) {
    const under = this.under(event);
    if (!under) return;
    focusOn(this);
    this.picked = under.span?.kind === "wait" ? under.span : null;
    go(this, under.index);
  }

  who(task) { return task < 0 ? "(engine)" : this.trace.tasks[task].title; }

  describeWait(span) {
    const holders = span.holders.map((task) => this.trace.tasks[task].title).join(", ");
    const events = this.trace.events;
    const since = events[Math.min(span.from, events.length - 1)][0];
    const end = span.to >= events.length ? "for ever" : `until t=${events[span.to][0]}`;
    return `${this.trace.tasks[span.task].title} waits: ${span.what}` +
      `${holders ? `, held by ${holders}` : ""}\nsince t=${since} (event ${span.from}) ${end}${span.site ? `\n${span.site}` : ""}`;
  }

  /** The lines of the list that can be seen. */
  fill() {
    const from = Math.max(0, Math.floor(this.list.scrollTop / 20) - 5);
    const to = Math.min(this.trace.events.length, from + Math.ceil(this.list.clientHeight / 20) + 12);
    const lines = [];
    for (let index = from; index < to; index += 1) {
      const [at, task, kind, what, site] = this.trace.events[index];
      const item = make("li", kind);
      item.dataset.event = String(index);
      item.style.top = `${index * 20}px`;
      if (index === this.step) item.setAttribute("aria-current", "step");
      if (index === this.part) item.classList.add("part");
      const who = make("span", "who", task < 0 ? "" : this.trace.tasks[task].short);
      if (task >= 0) who.style.color = this.hue(task, 1);
      item.append(make("span", "t", at), who, make("span", "what", what));
      if (site) item.append(make("span", "where", site.slice(site.lastIndexOf("/") + 1)));
      item.title = site ? `${what}\n${site}` : what;
      lines.push(item);
    }
    this.items.replaceChildren(...lines);
  }

  go(step) {
    const { events } = this.trace;
    if (!events.length) return;
    this.step = clamp(step, 0, events.length - 1);
    const [at, task, , what, site] = events[this.step];
    this.slider.value = String(this.step);
    this.output.textContent = `${this.step + 1} of ${events.length}, t=${at}`;
    const picked = this.picked && this.picked.from <= this.step + 1 && this.step <= this.picked.to ? this.picked : null;
    this.picked = picked;
    this.say.replaceChildren(make("b", "", this.who(task)), document.createTextNode(`  ${what}  `),
      make("span", "at mono", site ?? ""));
    const waits = picked ? [picked] : this.visible(this.step, this.step + 1).filter((span) =>
      span.kind === "wait" && span.from <= this.step && this.step <= span.to && span.holders.length);
    for (const wait of waits.slice(0, 2)) {
      const line = make("div", "waits", this.describeWait(wait).replaceAll("\n", ", "));
      line.title = line.textContent;
      this.say.append(line);
    }
    if (waits.length > 2) this.say.append(make("div", "waits", `and ${waits.length - 2} more tasks wait`));
    this.show();
    this.reveal();
  }

  /** Scrolls the list so that the event is seen. */
  reveal() {
    const top = this.step * 20;
    if (top < this.list.scrollTop || top + 20 > this.list.scrollTop + this.list.clientHeight) {
      this.list.scrollTop = Math.max(0, top - this.list.clientHeight / 2 + 10);
    }
    this.fill();
  }
}
