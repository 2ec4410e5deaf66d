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
// The label of a tick: its date at midnight or if a step is a day or more, with the year from half a year; else its time.
const axisText = (local, step) => {
  const [date, time] = [iso(local).slice(step >= 180 * DAY ? 0 : 5, 10), iso(local).slice(11, 16)];
  return step >= DAY || time === "00:00" ? date : time;
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
    const label = axisText(local, step);
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
  // Replaces the spots after a new drawing. The current spot stays current if the drawing still has it.
  self.update = (context, spots, isSame) => {
    self.spots = spots;
    self.current = (self.current && spots.find((spot) => isSame(spot, self.current))) ?? null;
    if (self.current) outline(context, self.current);
  };
  return self;
};
const outline = (context, spot) => {
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  context.strokeRect(spot.x - 2, spot.y - 2, spot.w + 4, spot.h + 4);
};
// On a phone, the name of a job stands above its row, and not beside it.
const rowHeight = (height) => height + (isNarrow() ? NAME : 0);
const rowTop = (context, job, row, height) => {
  const top = AXIS + row * height;
  if (!isNarrow()) return top;
  context.fillStyle = colours.ink;
  context.fillText(data.jobs[job].name, 0, top + NAME / 2);
  return top + NAME;
};
const names = (box, jobs) => {
  box.querySelector(".names").replaceChildren(
    ...jobs.map((job) => make("div", { title: data.jobs[job].name }, data.jobs[job].name)));
};
