"use strict";
(() => {
  const began = performance.now();
  const data = JSON.parse(document.getElementById("data").textContent);
  const element = (id) => document.getElementById(id);
  const HOUR = 3600000;
  const DAY = 24 * HOUR;
  const MONDAY = 4 * DAY;
  const ROW = 30;
  const AXIS = 22;
  const PAGE = 25;
  const MOST_ROWS = 40;
  const MOST_CARDS = 12;
  const LANES = 3;
  const STEPS = [1, 2, 3, 4, 6, 8, 12, 24, 48, 168, 336, 720, 2160, 8760];
  const WORST_FIRST = [1, 4, 2, 0, 3];
  const say = (text, values = {}) => (data.texts[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const LABELS = data.states.map((name) => say(name[0].toUpperCase() + name.slice(1)));
  const NOTED = "outlier";
  const count = data.job.length;
  const isOutlier = new Uint8Array(count);
  for (const run of data.outliers) isOutlier[run] = 1;
  const stateOf = (run) => data.statuses[data.status[run]][1];
  const momentOf = (run) => data.plan[run] ?? data.at[run] ?? null;
  const durationOf = (run) =>
    data.start[run] === null || data.finish[run] === null ? null : data.finish[run] - data.start[run];
  const waitOf = (run) =>
    data.start[run] === null || data.plan[run] === null ? null : data.start[run] - data.plan[run];
  const isNoted = (run) => isOutlier[run] === 1;

  // Times: milliseconds after the window's start; a wall time is that of the report's zone, counted as if it were UTC.
  const offsetAt = (time) => {
    let offset = data.offsets[0][1];
    for (const [since, value] of data.offsets) if (time >= since) offset = value;
    return offset;
  };
  const wall = (time) => data.base + time + offsetAt(time);
  const fromWall = (local) => {
    const guess = local - data.base - data.offsets[0][1];
    return local - data.base - offsetAt(local - data.base - offsetAt(guess));
  };
  const iso = (local) => {
    const date = new Date(local);
    return Number.isNaN(date.getTime()) ? "" : date.toISOString();
  };
  const timeText = (time) => (time === null ? "–" : iso(wall(time)).slice(0, 19).replace("T", " "));
  const shortText = (local) => iso(local).slice(5, 16).replace("T", " ");
  const spanText = (span) => {
    if (span === null) return "–";
    let seconds = Math.round(Math.abs(span) / 1000);
    const parts = [];
    const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
    let first = units.findIndex(([, size]) => seconds >= size);
    if (first < 0) first = 3;
    for (const [name, size] of units.slice(first, first + 2)) {
      const number = Math.floor(seconds / size);
      seconds -= number * size;
      if (number || !parts.length) parts.push(`${number} ${say(name)}`);
    }
    return (span < 0 && span <= -500 ? "-" : "") + parts.join(" ");
  };
  const number = (value) => value.toLocaleString("en");
  const runsText = (value) => say(value === 1 ? "{n} run" : "{n} runs", { n: number(value) });
  const countsText = (counts) =>
    WORST_FIRST.filter((state) => counts[state])
      .map((state) => `${number(counts[state])} ${say(data.states[state])}`)
      .join(say(", "));

  const make = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  // One shape for each state, so that none is known by its colour alone.
  const GLYPHS = [
    { d: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1z", fill: true },
    { d: "M2 2l8 8M10 2l-8 8", stroke: 2.6 },
    { d: "M3 1.5l8 4.5-8 4.5z", fill: true },
    { d: "M1.5 6h9", stroke: 2.6 },
    { d: "M6 1L11 6 6 11 1 6z", stroke: 1.8 },
  ];
  const RING = { d: "M6 1.2a4.8 4.8 0 1 0 0 9.6A4.8 4.8 0 0 0 6 1.2z", stroke: 1.9 };
  const glyph = (state) => {
    const shape = state === NOTED ? RING : GLYPHS[state];
    const name = state === NOTED ? NOTED : data.states[state];
    const space = "http://www.w3.org/2000/svg";
    const image = document.createElementNS(space, "svg");
    image.setAttribute("viewBox", "0 0 12 12");
    image.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", shape.d);
    path.style.fill = shape.fill ? `var(--${name})` : "none";
    if (shape.stroke) {
      path.style.stroke = `var(--${name})`;
      path.style.strokeWidth = shape.stroke;
      path.style.strokeLinecap = "round";
    }
    image.append(path);
    return image;
  };
  const paths = GLYPHS.map((shape) => new Path2D(shape.d));

  let colours = {};
  const readColours = () => {
    const probe = make("span");
    document.body.append(probe);
    const names = ["ink", "soft", "line", "grid", "surface", "sunk", "accent", "mark", "outlier", ...data.states];
    for (const name of names) {
      probe.style.color = `var(--${name})`;
      colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
  };
  const colour = (state) => colours[data.states[state]];

  // What the filters let through.
  const chosen = { jobs: new Set(data.jobs.keys()), states: new Set(data.states.keys()), text: "", from: null, to: null };
  let shown = [];
  let byJob = [];
  const filterRuns = () => {
    const text = chosen.text.toLowerCase();
    const jobFits = data.jobs.map((job) => !text || `${job.name} ${job.task}`.toLowerCase().includes(text));
    const statusFits = data.statuses.map(([name, state]) =>
      !text || name.toLowerCase().includes(text) || data.states[state].includes(text) || say(data.states[state]).includes(text));
    const every = chosen.from === null && chosen.to === null;
    shown = [];
    byJob = data.jobs.map(() => []);
    for (let run = 0; run < count; run++) {
      const job = data.job[run];
      if (!chosen.jobs.has(job) || !chosen.states.has(stateOf(run))) continue;
      if (!every) {
        const time = momentOf(run);
        if (time === null || (chosen.from !== null && time < chosen.from)) continue;
        if (chosen.to !== null && time >= chosen.to) continue;
      }
      const fits = !text || jobFits[job] || statusFits[data.status[run]] || data.id[run] === text ||
        (data.logs[run] !== undefined && data.logs[run].toLowerCase().includes(text));
      if (!fits) continue;
      shown.push(run);
      byJob[job].push(run);
    }
  };
  const view = () => [chosen.from ?? 0, Math.max(chosen.to ?? data.end, (chosen.from ?? 0) + 1000)];
  const visibleJobs = () => [...data.jobs.keys()].filter((job) => chosen.jobs.has(job) && byJob[job].length);

  // Canvases: drawn at the screen's resolution, and read by pointer and keyboard through the same list of spots.
  const prepare = (canvas, height) => {
    const width = Math.max(canvas.parentElement.clientWidth - padding(canvas.parentElement), 60);
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    context.textBaseline = "middle";
    return [context, width];
  };
  const padding = (box) => {
    const style = getComputedStyle(box);
    return parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
  };
  const drawGlyph = (context, state, x, y, size, tint) => {
    const shape = GLYPHS[state];
    context.save();
    context.translate(x - size / 2, y - size / 2);
    context.scale(size / 12, size / 12);
    context.fillStyle = context.strokeStyle = tint;
    context.lineCap = "round";
    if (shape.fill) context.fill(paths[state]);
    else {
      context.lineWidth = shape.stroke;
      context.stroke(paths[state]);
    }
    context.restore();
  };
  const TICKS = [0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 2160, 8760, 87600];
  const timeAxis = (context, from, to, left, right, top, bottom) => {
    const room = Math.max(Math.floor((right - left) / 92), 1);
    const step = (TICKS.find((hours) => (to - from) / (hours * HOUR) <= room) ?? 876000) * HOUR;
    context.fillStyle = colours.soft;
    context.strokeStyle = colours.grid;
    context.lineWidth = 1;
    const first = Math.ceil((wall(from) - MONDAY) / step) * step + MONDAY;
    for (let local = first; local <= wall(to); local += step) {
      const x = left + ((fromWall(local) - from) / (to - from)) * (right - left);
      if (x < left - 1 || x > right + 1) continue;
      const text = iso(local);
      const label = step >= DAY || text.slice(11, 16) === "00:00" ? text.slice(step >= 180 * DAY ? 0 : 5, 10) : text.slice(11, 16);
      const half = context.measureText(label).width / 2;
      context.fillText(label, Math.min(Math.max(x, left + half), right - half) - half, 9);
      context.beginPath();
      context.moveTo(Math.round(x) + 0.5, top);
      context.lineTo(Math.round(x) + 0.5, bottom);
      context.stroke();
    }
  };

  const tip = element("tip");
  const spoken = element("spoken");
  const showTip = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(6, Math.min(x + 12, innerWidth - box.width - 6))}px`;
    tip.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 18}px`;
  };
  const hideTip = () => { tip.hidden = true; };
  const runText = (run) => {
    const parts = [
      `${data.jobs[data.job[run]].name}`,
      `${data.statuses[data.status[run]][0]} (${say(data.states[stateOf(run)])})${isNoted(run) ? say(", outlier") : ""}`,
      say("planned {time}", { time: timeText(momentOf(run)) }),
    ];
    if (waitOf(run) !== null) parts.push(say("waited {span}", { span: spanText(waitOf(run)) }));
    const took = durationOf(run);
    if (took !== null) parts.push(say(data.median[run] === null ? "took {span}" : "took {span}, median {median}", { span: spanText(took), median: spanText(data.median[run]) }));
    return parts.join("\n");
  };

  // spots: {x, y, w, h, row, text(), act()}; kept per canvas, in reading order.
  const readable = (canvas) => {
    const self = { spots: [], rows: [], current: null, redraw: null };
    const mark = (spot, byKey) => {
      self.current = spot;
      if (self.redraw) self.redraw();
      if (spot) {
        const box = canvas.getBoundingClientRect();
        const text = spot.text();
        showTip(text, box.left + spot.x + spot.w / 2, box.top + spot.y);
        if (byKey) spoken.textContent = text.replaceAll("\n", ", ");
      } else hideTip();
    };
    const nearest = (x, y) => {
      let best = null;
      let least = 14 * 14;
      for (const spot of self.spots) {
        const dx = Math.max(spot.x - x, 0, x - spot.x - spot.w);
        const dy = Math.max(spot.y - y, 0, y - spot.y - spot.h);
        const distance = dx * dx + dy * dy;
        if (distance < least) {
          least = distance;
          best = spot;
        }
      }
      return best;
    };
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      const spot = nearest(event.clientX - box.left, event.clientY - box.top);
      if (spot !== self.current) mark(spot, false);
    });
    canvas.addEventListener("pointerleave", () => mark(null, false));
    canvas.addEventListener("blur", () => mark(null, false));
    canvas.addEventListener("click", () => { if (self.current) self.current.act(); });
    canvas.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: "up", ArrowDown: "down", Home: "first", End: "last" };
      if (event.key === "Escape") return mark(null, false);
      if (event.key === "Enter" && self.current) {
        event.preventDefault();
        return self.current.act();
      }
      const move = moves[event.key];
      if (move === undefined || !self.spots.length) return undefined;
      event.preventDefault();
      const at = self.spots.indexOf(self.current);
      if (move === "first") return mark(self.spots[0], true);
      if (move === "last" || (at < 0 && move === -1)) return mark(self.spots.at(-1), true);
      if (at < 0) return mark(self.spots[0], true);
      if (typeof move === "number") return mark(self.spots[Math.min(Math.max(at + move, 0), self.spots.length - 1)], true);
      const rows = [...new Set(self.spots.map((spot) => spot.row))];
      const row = rows[rows.indexOf(self.current.row) + (move === "up" ? -1 : 1)];
      if (row === undefined) return undefined;
      const among = self.spots.filter((spot) => spot.row === row);
      const distance = (spot) => Math.abs(spot.x - self.current.x);
      return mark(among.reduce((best, spot) => (distance(spot) < distance(best) ? spot : best)), true);
    });
    return self;
  };
  const outline = (context, spot) => {
    context.strokeStyle = colours.ink;
    context.lineWidth = 2;
    context.strokeRect(spot.x - 2, spot.y - 2, spot.w + 4, spot.h + 4);
  };
  const names = (box, jobs) => {
    box.querySelector(".names").replaceChildren(
      ...jobs.map((job) => make("div", { title: data.jobs[job].name }, data.jobs[job].name)));
  };
  const showRun = (run) => {
    chosen.text = data.id[run] || data.jobs[data.job[run]].name;
    element("text").value = chosen.text;
    list.kind = "all";
    apply();
    element("list-title").scrollIntoView({ block: "start" });
  };

  // The strip: a cell for each job and some planned hours, which shows the worst that became of them.
  const strip = { canvas: document.querySelector("#strip canvas") };
  strip.reader = readable(strip.canvas);
  strip.collect = () => {
    const jobs = visibleJobs().slice(0, MOST_ROWS);
    const [from, to] = view();
    const width = Math.max(strip.canvas.parentElement.clientWidth, 60);
    const most = Math.max(Math.floor(width / 13), 8);
    const hours = STEPS.find((step) => (to - from) / (step * HOUR) + 1 <= most) ?? STEPS.at(-1);
    const step = hours * HOUR;
    const cellOf = (local) => Math.floor((local - MONDAY) / step);
    const first = cellOf(wall(from));
    const cells = cellOf(wall(to - 1)) - first + 1;
    const grid = jobs.map(() => new Map());
    jobs.forEach((job, row) => {
      for (const run of byJob[job]) {
        const time = momentOf(run);
        if (time === null) continue;
        const cell = cellOf(wall(time)) - first;
        if (cell < 0 || cell >= cells) continue;
        let counts = grid[row].get(cell);
        if (!counts) grid[row].set(cell, (counts = [0, 0, 0, 0, 0]));
        counts[stateOf(run)]++;
      }
    });
    Object.assign(strip, { jobs, hours, step, first, cells, grid });
  };
  strip.draw = () => {
    const { jobs, step, first, cells, grid } = strip;
    const [context, width] = prepare(strip.canvas, AXIS + Math.max(jobs.length, 1) * ROW);
    const size = width / cells;
    const gap = size > 8 ? 2 : 1;
    const start = first * step + MONDAY;
    timeAxisOfCells(context, start, cells, step, width, jobs.length);
    const spots = [];
    jobs.forEach((job, row) => {
      const y = AXIS + row * ROW + 4;
      for (let cell = 0; cell < cells; cell++) {
        const counts = grid[row].get(cell);
        const x = cell * size;
        if (!counts) {
          context.fillStyle = colours.grid;
          context.fillRect(x + size / 2 - 1, y + 10, 2, 2);
          continue;
        }
        const state = WORST_FIRST.find((one) => counts[one]);
        drawCell(context, state, x, y, size - gap, ROW - 8);
        spots.push({ x, y, w: size - gap, h: ROW - 8, row, text: () => cellText(job, cell, counts), act: () => zoom(job, cell) });
      }
    });
    strip.reader.spots = spots;
    if (strip.reader.current) {
      const { x, y } = strip.reader.current;
      strip.reader.current = spots.find((spot) => spot.x === x && spot.y === y) ?? null;
      if (strip.reader.current) outline(context, strip.reader.current);
    }
  };
  const timeAxisOfCells = (context, start, cells, step, width, rows) => {
    const every = Math.max(1, Math.ceil(78 / (width / cells)));
    const perDay = DAY / step;
    const each = perDay > 1 ? [1, 2, 3, 4, 6, 12, perDay, 2 * perDay, 3 * perDay, 5 * perDay, 7 * perDay, 14 * perDay].find((one) => one >= every && (one % perDay === 0 || perDay % one === 0)) ?? every : every;
    context.fillStyle = colours.soft;
    const offset = perDay > 1 ? (each - (Math.floor((start - MONDAY) / step) % each)) % each : 0;
    for (let cell = offset; cell < cells; cell += each) {
      const text = iso(start + cell * step);
      const label = text.slice(11, 16) === "00:00" ? text.slice(step >= 180 * DAY ? 0 : 5, 10) : text.slice(11, 16);
      const x = (cell * width) / cells;
      if (x + context.measureText(label).width > width) continue;
      context.fillText(label, x, 9);
      context.fillRect(x, 17, 1, 4);
    }
  };
  const drawCell = (context, state, x, y, width, height) => {
    const tint = colour(state);
    if (state === 3 || state === 4) {
      context.strokeStyle = tint;
      context.lineWidth = 1.2;
      context.strokeRect(x + 0.6, y + 0.6, Math.max(width - 1.2, 0.5), height - 1.2);
    } else {
      context.fillStyle = tint;
      context.fillRect(x, y, width, height);
    }
    if (width < 6) {
      if (state === 1) {
        context.fillStyle = colours.mark;
        context.fillRect(x, y + height / 2 - 1, width, 2);
      }
      return;
    }
    if (state === 0) return;
    drawGlyph(context, state, x + width / 2, y + height / 2, Math.min(width - 3, 10), state === 3 || state === 4 ? tint : colours.mark);
  };
  const cellBounds = (cell) => {
    const local = (strip.first + cell) * strip.step + MONDAY;
    return [local, local + strip.step];
  };
  const cellText = (job, cell, counts) => {
    const [start, end] = cellBounds(cell);
    return `${data.jobs[job].name}\n${say("{start} to {end}", { start: shortText(start), end: shortText(end) })}\n${countsText(counts)}`;
  };
  const zoom = (job, cell) => {
    const [start, end] = cellBounds(cell);
    chosen.from = fromWall(start);
    chosen.to = fromWall(end);
    list.kind = "all";
    apply();
  };

  // The time line.
  const gantt = { canvas: document.querySelector("#gantt canvas"), end: null };
  gantt.reader = readable(gantt.canvas);
  gantt.bounds = () => {
    const [from, to] = view();
    const span = Number(element("span").value) * HOUR;
    if (!span || span >= to - from) return [from, to];
    const end = Math.min(Math.max(gantt.end ?? gantt.latest(to, span), from + span), to);
    return [end - span, end];
  };
  // Without a choice, the time line ends with the time shown, or soon after the last run if all are earlier.
  gantt.latest = (to, span) => {
    const last = shown.reduce((latest, run) => Math.max(latest, data.finish[run] ?? data.start[run] ?? momentOf(run) ?? 0), 0);
    return last < to - span ? last + span / 20 : to;
  };
  gantt.draw = () => {
    const [from, to] = gantt.bounds();
    const jobs = visibleJobs().slice(0, MOST_ROWS);
    const [context, width] = prepare(gantt.canvas, AXIS + Math.max(jobs.length, 1) * ROW);
    const place = (time) => ((time - from) / (to - from)) * width;
    timeAxis(context, from, to, 0, width, 18, AXIS + jobs.length * ROW);
    const spots = [];
    let inside = 0;
    jobs.forEach((job, row) => {
      const lanes = [];
      for (const run of byJob[job]) {
        const begin = data.start[run] ?? momentOf(run);
        if (begin === null) continue;
        const end = data.finish[run] ?? (data.start[run] !== null && stateOf(run) === 2 ? Math.max(data.now, begin) : begin);
        const plan = Math.min(data.plan[run] ?? begin, begin);
        if (Math.max(end, begin) < from || plan > to) continue;
        inside++;
        let lane = lanes.findIndex((free) => free <= plan);
        if (lane < 0) lane = lanes.length < LANES ? lanes.length : LANES - 1;
        lanes[lane] = Math.max(end, begin);
        spots.push({ run, row, lane, plan: place(plan), x: place(begin), w: Math.max(place(end) - place(begin), 3), text: () => runText(run), act: () => showRun(run) });
      }
      const used = Math.max(lanes.length, 1);
      for (const spot of spots) if (spot.row === row) {
        spot.h = used === 1 ? 12 : (ROW - 8) / used - 1;
        spot.y = AXIS + row * ROW + (used === 1 ? 9 : 4 + spot.lane * (spot.h + 1));
      }
    });
    const dense = spots.length > width;
    for (const spot of spots) drawBar(context, spot, dense);
    if (data.now > from && data.now < to) {
      context.fillStyle = colours.accent;
      context.fillRect(place(data.now) - 0.5, 18, 1.5, AXIS + jobs.length * ROW - 18);
    }
    gantt.reader.spots = spots;
    const current = gantt.reader.current && spots.find((spot) => spot.run === gantt.reader.current.run);
    gantt.reader.current = current ?? null;
    if (current) outline(context, current);
    names(element("gantt"), jobs);
    element("gantt-hint").textContent = say("{runs} from {start} to {end} ({zone}). A thin line leads from plan to start.", { runs: runsText(inside), start: shortText(wall(from)), end: shortText(wall(to)), zone: data.zone });
    const [first, last] = view();
    element("earlier").disabled = from <= first;
    element("later").disabled = to >= last;
  };
  const drawBar = (context, spot, dense) => {
    const state = stateOf(spot.run);
    const tint = colour(state);
    const middle = spot.y + spot.h / 2;
    context.fillStyle = colours.soft;
    if (spot.x - spot.plan > 1.5) {
      context.fillRect(spot.plan, middle - 0.5, spot.x - spot.plan, 1);
      context.fillRect(spot.plan, middle - 3, 1, 6);
    }
    if (state === 3 || state === 4 || data.start[spot.run] === null) {
      drawGlyph(context, state, spot.x + 5, middle, Math.min(spot.h, 10), tint);
      spot.w = Math.max(spot.w, 10);
      if (data.start[spot.run] === null || data.finish[spot.run] === null) return;
    }
    context.fillStyle = tint;
    if (state === 2) {
      context.globalAlpha = 0.45;
      context.fillRect(spot.x, spot.y, spot.w, spot.h);
      context.globalAlpha = 1;
      context.fillRect(spot.x, spot.y, 2, spot.h);
    } else if (state !== 3 && state !== 4) context.fillRect(spot.x, spot.y, spot.w, spot.h);
    if (spot.w >= 14 && spot.h >= 8 && (state === 1 || state === 2)) {
      drawGlyph(context, state, spot.x + spot.w / 2, middle, 9, state === 1 ? colours.mark : colours.ink);
    } else if (state === 1 && !dense) drawGlyph(context, 1, spot.x + spot.w / 2, spot.y - 3, 7, tint);
    if (isNoted(spot.run) && !dense) {
      context.strokeStyle = colours.outlier;
      context.lineWidth = 1.8;
      context.strokeRect(spot.x - 2, spot.y - 2, spot.w + 4, spot.h + 4);
    }
  };
  const pan = (direction) => {
    const [from, to] = gantt.bounds();
    gantt.end = to + direction * (to - from);
    gantt.draw();
  };

  // Durations and waits, a card for each job.
  const cards = { all: false, drawn: [] };
  cards.build = () => {
    const jobs = visibleJobs();
    const some = cards.all ? jobs : jobs.slice(0, MOST_CARDS);
    const more = element("more-cards");
    more.hidden = some.length === jobs.length;
    more.textContent = say("Show {n} more jobs", { n: jobs.length - some.length });
    cards.drawn = some.map((job) => makeCard(job));
    element("cards").replaceChildren(...cards.drawn.map((card) => card.box));
    if (!some.length) element("cards").append(make("p", { class: "empty" }, say("No run fits the filters.")));
    cards.draw();
  };
  cards.draw = () => {
    for (const card of cards.drawn) for (const chart of card.charts) chart.draw();
  };
  const quantile = (values, share) => {
    if (!values.length) return null;
    const sorted = Float64Array.from(values).sort();
    return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
  };
  const makeCard = (job) => {
    const runs = byJob[job];
    const took = runs.filter((run) => stateOf(run) === 0 && durationOf(run) !== null).map(durationOf);
    const waited = runs.map(waitOf).filter((wait) => wait !== null);
    const noted = runs.filter(isNoted).length;
    const text = [
      took.length ? say("takes {span}, at most {most}", { span: spanText(quantile(took, 0.5)), most: spanText(quantile(took, 1)) }) : say("no success with a duration"),
      ...(waited.length ? [say("waits {span}", { span: spanText(quantile(waited, 0.5)) })] : []),
      noted ? say(noted === 1 ? "{n} outlier" : "{n} outliers", { n: number(noted) }) : say("no outliers"),
    ].join(" · ");
    const box = make("article", { class: "card" }, make("h3", {}, data.jobs[job].name), make("p", {}, text));
    const charts = [
      pointChart(box, runs, durationOf, 124, say("Duration of {job}: {text}", { job: data.jobs[job].name, text }), true),
      pointChart(box, runs, waitOf, 72, say("Wait of {job}: {text}", { job: data.jobs[job].name, text }), false),
    ];
    return { box, charts };
  };
  const niceStep = (most) => {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];
    return 1000 * (steps.find((step) => (most / 1000) / step <= 3) ?? 604800 * Math.ceil(most / 1000 / 604800 / 3));
  };
  const pointChart = (box, runs, valueOf, height, label, isDuration) => {
    const canvas = make("canvas", { tabindex: "0", role: "application", "aria-roledescription": say("chart"), "aria-label": label, "aria-describedby": "card-keys" });
    box.append(canvas);
    const reader = readable(canvas);
    const draw = () => {
      const [context, width] = prepare(canvas, height);
      const [from, to] = view();
      const left = 54;
      const top = isDuration ? 20 : 8;
      const bottom = height - 6;
      const known = runs.filter((run) => valueOf(run) !== null && momentOf(run) !== null);
      const most = Math.max(known.reduce((best, run) => Math.max(best, valueOf(run)), 0), 1000);
      const step = niceStep(most);
      const place = (run) => left + 4 + ((momentOf(run) - from) / (to - from)) * (width - left - 8);
      const level = (value) => bottom - (Math.max(value, 0) / (most * 1.08)) * (bottom - top);
      if (isDuration) timeAxis(context, from, to, left, width, 18, bottom);
      for (let value = 0; value <= most * 1.05; value += step) {
        context.fillStyle = colours.soft;
        const text = value ? spanText(value) : "0";
        context.fillText(text, left - 8 - context.measureText(text).width, level(value));
        context.fillStyle = value ? colours.grid : colours.line;
        context.fillRect(left, Math.round(level(value)), width - left, 1);
      }
      const dense = known.length > 1500;
      reader.spots = [];
      for (const run of known) {
        const x = place(run);
        const y = level(valueOf(run));
        if (x < left - 4 || x > width + 4) continue;
        drawPoint(context, run, x, y, dense, isDuration);
        reader.spots.push({ run, x: x - 4, y: y - 4, w: 8, h: 8, row: 0, text: () => runText(run), act: () => showRun(run) });
      }
      if (isDuration) drawMedian(context, known, place, level, dense);
      const current = reader.current && reader.spots.find((spot) => spot.run === reader.current.run);
      reader.current = current ?? null;
      if (current) outline(context, current);
      if (!known.length) {
        context.fillStyle = colours.soft;
        context.fillText(say(isDuration ? "No run has a start and an end." : "No run has a plan and a start."), left + 8, (top + bottom) / 2);
      }
    };
    reader.redraw = draw;
    return { draw };
  };
  const drawMedian = (context, runs, place, level, dense) => {
    context.lineJoin = "round";
    context.beginPath();
    let begun = false;
    let last = -9;
    for (const run of runs) {
      if (data.median[run] === null) continue;
      const x = place(run);
      if (begun && x - last < (dense ? 4 : 0.5)) continue;
      if (begun) context.lineTo(x, level(data.median[run]));
      else context.moveTo(x, level(data.median[run]));
      begun = true;
      last = x;
    }
    for (const [tint, width] of [[colours.surface, 4], [colours.ink, 1.6]]) {
      context.strokeStyle = tint;
      context.lineWidth = width;
      context.stroke();
    }
  };
  const drawPoint = (context, run, x, y, dense, isDuration) => {
    const state = stateOf(run);
    if (state === 0) {
      context.fillStyle = colour(0);
      if (dense) context.fillRect(x - 1, y - 1, 2, 2);
      else {
        context.beginPath();
        context.arc(x, y, 2.6, 0, 7);
        context.fill();
      }
    } else drawGlyph(context, state, x, y, dense ? 4 : 8, colour(state));
    if (isDuration && isNoted(run)) {
      context.strokeStyle = colours.outlier;
      context.lineWidth = dense ? 1 : 1.8;
      context.beginPath();
      context.arc(x, y, dense ? 2.5 : 5.5, 0, 7);
      context.stroke();
    }
  };

  // The list, page by page.
  const list = { kind: "failed", page: 0, runs: [] };
  const kinds = { failed: (run) => stateOf(run) === 1, outliers: isNoted, all: () => true };
  list.draw = () => {
    const tallies = { failed: 0, outliers: 0, all: shown.length };
    for (const run of shown) {
      if (kinds.failed(run)) tallies.failed++;
      if (isNoted(run)) tallies.outliers++;
    }
    for (const button of element("tabs").children) {
      const kind = button.dataset.list;
      button.setAttribute("aria-pressed", String(kind === list.kind));
      button.textContent = `${say({ failed: "Failures", outliers: "Outliers", all: "All" }[kind])} ${number(tallies[kind])}`;
    }
    list.runs = shown.filter(kinds[list.kind]).reverse();
    const pages = Math.max(Math.ceil(list.runs.length / PAGE), 1);
    list.page = Math.min(list.page, pages - 1);
    const some = list.runs.slice(list.page * PAGE, (list.page + 1) * PAGE);
    element("list").replaceChildren(...some.map(makeRow));
    document.querySelector(".scroll").hidden = !some.length;
    element("empty").hidden = some.length > 0;
    element("empty").textContent = say({ failed: "No run that fits the filters failed.", outliers: "No run that fits the filters is an outlier.", all: "No run fits the filters." }[list.kind]);
    document.querySelector(".pages").hidden = pages === 1;
    element("page").textContent = say("Page {page} of {pages}", { page: number(list.page + 1), pages: number(pages) });
    element("previous").disabled = list.page === 0;
    element("next").disabled = list.page === pages - 1;
  };
  const makeRow = (run) => {
    const cell = (name, label, ...children) => make("td", { role: "cell", class: name, "data-label": say(label) }, make("span", {}, ...children));
    const log = cell("log", "Log", data.logs[run] === undefined ? "–" : make("code", {}, data.logs[run]));
    if (data.tails[run]) log.append(make("details", {}, make("summary", {}, data.tails[run][0]), make("pre", {}, data.tails[run][1])));
    if (data.nested[run]) log.append(make("details", {}, make("summary", {}, say("Running data")), make("pre", {}, data.nested[run])));
    log.hidden = [data.logs, data.tails, data.nested].every((of) => !of[run]);
    const took = [spanText(durationOf(run))];
    if (isNoted(run)) took.push(make("span", { class: "badge" }, say(durationOf(run) > data.median[run] ? "slow" : "fast")));
    return make("tr", { role: "row", class: log.hidden ? "short" : "" },
      cell("time", "Planned", timeText(momentOf(run))),
      cell("job", "Job", data.jobs[data.job[run]].name),
      cell("status", "Status", glyph(stateOf(run)), data.statuses[data.status[run]][0]),
      cell("number", "Waited", spanText(waitOf(run))),
      cell("number", "Took", ...took),
      cell("number", "Run", data.id[run] || "–"),
      log);
  };

  // Everything that follows from the filters.
  const localInput = (time) => (time === null ? "" : iso(wall(time)).slice(0, 16));
  const apply = () => {
    filterRuns();
    strip.collect();
    const unseen = shown.filter((run) => momentOf(run) === null || momentOf(run) < 0 || momentOf(run) > data.end).length;
    element("strip-hint").textContent = [
      strip.hours === 1
        ? say("Each cell is an hour of planned runs ({zone}) and shows the worst outcome.", { zone: data.zone })
        : say("Each cell is {hours} hours of planned runs ({zone}) and shows the worst outcome.", { hours: strip.hours, zone: data.zone }),
      ...(strip.hours > 1 ? [say("A shorter time has finer cells, down to an hour.")] : []),
      ...(unseen ? [say("{runs} planned outside of the window or at no known time: in the list alone.", { runs: runsText(unseen) })] : []),
    ].join(" ");
    names(element("strip"), strip.jobs);
    const left = visibleJobs().length - strip.jobs.length;
    element("strip-more").hidden = !left;
    element("strip-more").textContent = say("{n} more jobs have runs: choose jobs above to see them.", { n: number(left) });
    strip.draw();
    gantt.end = null;
    gantt.draw();
    cards.build();
    list.page = 0;
    list.draw();
    element("result").textContent = shown.length === count ? runsText(count) : say("{n} of {runs}", { n: number(shown.length), runs: runsText(count) });
    element("from").value = localInput(chosen.from);
    element("to").value = localInput(chosen.to);
    const some = chosen.jobs.size;
    document.querySelector("#jobs summary").textContent = some === data.jobs.length ? say("All jobs") : some === 1 ? data.jobs[[...chosen.jobs][0]].name : say("{n} of {all} jobs", { n: some, all: data.jobs.length });
    for (const button of element("presets").children) {
      const days = Number(button.dataset.days);
      const from = days ? Math.max(data.end - days * DAY, 0) : null;
      button.setAttribute("aria-pressed", String(chosen.from === from && chosen.to === null));
    }
  };
  const redraw = () => {
    readColours();
    strip.collect();
    strip.draw();
    gantt.draw();
    cards.draw();
  };
  strip.reader.redraw = strip.draw;
  gantt.reader.redraw = gantt.draw;

  const buildFilters = () => {
    const totals = data.jobs.map(() => 0);
    for (const job of data.job) totals[job]++;
    document.querySelector("#jobs .choices").append(...data.jobs.map((job, index) =>
      make("label", {}, make("input", { type: "checkbox", checked: "", value: String(index) }), make("bdi", {}, job.name), make("span", { class: "count" }, number(totals[index])))));
    const present = new Set(data.statuses.map(([, state]) => state));
    element("states").append(...[...data.states.keys()].filter((state) => present.has(state)).map((state) =>
      make("label", {}, make("input", { type: "checkbox", checked: "", value: String(state) }), make("span", {}, glyph(state), LABELS[state]))));
    for (const fact of document.querySelectorAll(".fact[data-state]")) {
      const state = fact.dataset.state === NOTED ? NOTED : data.states.indexOf(fact.dataset.state);
      if (state !== -1) fact.querySelector("dt").prepend(glyph(state));
    }
  };
  const checked = (id) => new Set([...document.querySelectorAll(`#${id} input`)].filter((box) => box.checked).map((box) => Number(box.value)));
  const listen = () => {
    let pending = 0;
    element("text").addEventListener("input", (event) => {
      chosen.text = event.target.value.trim();
      cancelAnimationFrame(pending);
      pending = requestAnimationFrame(apply);
    });
    element("jobs").addEventListener("change", () => { chosen.jobs = checked("jobs"); apply(); });
    element("states").addEventListener("change", () => { chosen.states = checked("states"); apply(); });
    for (const id of ["from", "to"]) {
      element(id).addEventListener("change", (event) => {
        const local = event.target.value ? Date.parse(`${event.target.value}Z`) : NaN;
        chosen[id] = Number.isNaN(local) ? null : fromWall(local);
        apply();
      });
    }
    element("presets").addEventListener("click", (event) => {
      const days = event.target.dataset.days;
      if (days === undefined) return;
      chosen.from = Number(days) ? Math.max(data.end - Number(days) * DAY, 0) : null;
      chosen.to = null;
      apply();
    });
    element("filters").addEventListener("submit", (event) => event.preventDefault());
    element("filters").addEventListener("reset", (event) => {
      event.preventDefault();
      for (const box of element("filters").querySelectorAll("input[type=checkbox]")) box.checked = true;
      element("text").value = "";
      Object.assign(chosen, { jobs: checked("jobs"), states: new Set(data.states.keys()), text: "", from: null, to: null });
      apply();
    });
    element("jobs").addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      element("jobs").open = false;
      element("jobs").querySelector("summary").focus();
    });
    document.addEventListener("click", (event) => { if (!element("jobs").contains(event.target)) element("jobs").open = false; });
    element("earlier").addEventListener("click", () => pan(-1));
    element("later").addEventListener("click", () => pan(1));
    element("span").addEventListener("change", gantt.draw);
    element("more-cards").addEventListener("click", () => { cards.all = true; cards.build(); });
    element("tabs").addEventListener("click", (event) => {
      if (!event.target.dataset.list) return;
      list.kind = event.target.dataset.list;
      list.page = 0;
      list.draw();
    });
    element("previous").addEventListener("click", () => { list.page--; list.draw(); });
    element("next").addEventListener("click", () => { list.page++; list.draw(); });
    element("theme").addEventListener("change", (event) => {
      document.documentElement.dataset.theme = event.target.value;
      redraw();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    let waiting = 0;
    addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(redraw); });
    addEventListener("scroll", hideTip, { passive: true });
  };

  buildFilters();
  readColours();
  listen();
  if (!count) for (const section of document.querySelectorAll("main > section, #filters")) section.hidden = true;
  else {
    if (!data.job.some((_, run) => stateOf(run) === 1)) list.kind = "all";
    apply();
  }
  document.documentElement.dataset.shown = String(Math.round(performance.now() - began));
})();
