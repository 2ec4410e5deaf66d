// The strip: a square for each planned run, if they fit; otherwise a cell for some planned hours, which shows the worst
// outcome. The bar above shows the longest duration.
const BAR = 14;
const SQUARE = 20;
const strip = { canvas: document.querySelector("#strip canvas"), kind: "whole" };
strip.reader = readable(strip.canvas);
const hasOneRunEach = (jobs, step) => jobs.every((job) => {
  let cell = null;
  let plan = null;
  for (const run of byJob[job]) {
    const time = momentOf(run);
    if (time === null) continue;
    const here = Math.floor((wall(time) - MONDAY) / step);
    if (here === cell && time !== plan) return false;
    [cell, plan] = [here, time];
  }
  return true;
});
strip.build = () => {
  strip.collect();
  strip.draw();
  strip.describe();
};
strip.collect = () => {
  const jobs = visibleJobs().slice(0, MOST_ROWS);
  const [from, to] = view();
  const width = Math.max(strip.canvas.parentElement.clientWidth, 60);
  const most = Math.max(Math.floor(width / 13), 8);
  const whole = STEPS.find((step) => (to - from) / (step * HOUR) + 1 <= most) ?? STEPS.at(-1);
  const single = STEPS.filter((step) => step <= whole).findLast((step) => hasOneRunEach(jobs, step * HOUR));
  const canChoose = whole > (single ?? 1);
  const hours = canChoose && strip.kind === "newest" ? single ?? 1 : whole;
  const step = hours * HOUR;
  const cellOf = (local) => Math.floor((local - MONDAY) / step);
  let first = cellOf(wall(from));
  let last = cellOf(wall(to - 1));
  if (hours < whole) {
    const newest = jobs.flatMap((job) => byJob[job].findLast((run) => momentOf(run) !== null && momentOf(run) < to) ?? []);
    last = Math.min(last, Math.max(...newest.map((run) => cellOf(wall(momentOf(run))))));
    first = Math.max(first, last - most + 1);
  }
  const cells = last - first + 1;
  const grid = jobs.map(() => new Map());
  jobs.forEach((job, row) => {
    for (const run of byJob[job]) {
      const time = momentOf(run);
      if (time === null) continue;
      const cell = cellOf(wall(time)) - first;
      if (cell < 0 || cell >= cells) continue;
      if (grid[row].has(cell)) grid[row].get(cell).push(run);
      else grid[row].set(cell, [run]);
    }
  });
  Object.assign(strip, { jobs, hours, step, first, cells, grid, canChoose, isSingle: hours === single });
};
// The outcome of a planned run is that of its latest attempt; the outcome of a cell with several is the worst.
const outcomeOf = (runs) => {
  const isOne = runs.every((run) => momentOf(run) === momentOf(runs[0]));
  if (isOne) return stateOf(runs.reduce((latest, run) => ((data.start[run] ?? -1) >= (data.start[latest] ?? -1) ? run : latest)));
  const states = new Set(runs.map(stateOf));
  return WORST_FIRST.find((one) => states.has(one));
};
const isTriedAgain = (runs) => runs.some((run) => triesOf(run) > 1) || new Set(runs.map(momentOf)).size < runs.length;
strip.draw = () => {
  const { jobs, step, first, cells, grid } = strip;
  const height = rowHeight(BAR + SQUARE + 10);
  const [context, width] = prepare(strip.canvas, AXIS + Math.max(jobs.length, 1) * height);
  const size = width / cells;
  const gap = size > 8 ? 2 : 1;
  const wide = Math.min(size - gap, 2 * SQUARE);
  timeAxisOfCells(context, first * step + MONDAY, cells, step, width);
  const spots = [];
  jobs.forEach((job, row) => {
    const y = rowTop(context, job, row, height) + BAR + 2;
    const most = greatest([...grid[row].values()].flat().map((run) => durationOf(run) ?? 0));
    for (let cell = 0; cell < cells; cell++) {
      const runs = grid[row].get(cell);
      const x = cell * size;
      if (!runs) {
        context.fillStyle = colours.grid;
        context.fillRect(x + wide / 2 - 1, y + SQUARE / 2 - 1, 2, 2);
        continue;
      }
      const took = greatest(runs.map((run) => durationOf(run) ?? 0));
      const bar = took > 0 ? Math.max(Math.round((took / most) * BAR), 1) : 0;
      context.fillStyle = runs.some(isNoted) ? colours.outlier : colours.skipped;
      context.fillRect(x + wide / 5, y - 2 - bar, (wide * 3) / 5, bar);
      drawCell(context, outcomeOf(runs), x, y, wide, SQUARE);
      if (isTriedAgain(runs) && wide >= 6) drawCorner(context, x + wide, y);
      spots.push({ x, y, w: wide, h: SQUARE, row, text: () => cellText(job, cell, runs), act: () => (runs.length === 1 ? showRun(runs[0]) : zoom(cell)) });
    }
  });
  strip.reader.update(context, spots, (one, other) => one.x === other.x && one.y === other.y);
};
strip.describe = () => {
  const unseen = shown.filter((run) => momentOf(run) === null || momentOf(run) < 0 || momentOf(run) > data.end).length;
  const what = strip.isSingle
    ? say("Each square is a planned run ({zone}).", { zone: data.zone })
    : strip.hours === 1
      ? say("Each cell is an hour of planned runs ({zone}) and shows the worst outcome.", { zone: data.zone })
      : say("Each cell is {span} of planned runs ({zone}) and shows the worst outcome.", { span: spanText(strip.step), zone: data.zone });
  const rest = unseen ? [say("{runs} planned outside of the window or at no known time: only in the list.", { runs: runsText(unseen) })] : [];
  element("strip-hint").textContent = [what, ...rest].join(" ");
  element("strip-kind").hidden = !strip.canChoose;
  for (const button of element("strip-kind").children) button.setAttribute("aria-pressed", String(button.dataset.kind === strip.kind));
  names(element("strip"), strip.jobs);
  const left = visibleJobs().length - strip.jobs.length;
  element("strip-more").hidden = !left;
  element("strip-more").textContent = say(left === 1 ? "{n} more job has runs: choose jobs above to see it." : "{n} more jobs have runs: choose jobs above to see them.", { n: number(left) });
};
const buildKey = () => {
  const key = (mark, text) => make("li", {}, mark, text);
  const drawn = (name) => make("span", { class: `key-${name}`, "aria-hidden": "true" });
  const hasRetries = data.job.some((_, run) => triesOf(run) > 1);
  element("strip-key").append(
    ...WORST_FIRST.filter((state) => present.has(state)).map((state) => key(state === 0 ? drawn("square") : glyph(state), LABELS[state])),
    key(drawn("bar"), say("duration; the longest of a job has full height")),
    ...(data.outliers.length ? [key(drawn("outlier"), say("outlier"))] : []),
    ...(hasRetries ? [key(drawn("corner"), say("tried again"))] : []));
};
const timeAxisOfCells = (context, start, cells, step, width) => {
  const every = Math.max(1, Math.ceil(78 / (width / cells)));
  const perDay = DAY / step;
  const each = perDay > 1 ? [1, 2, 3, 4, 6, 12, perDay, 2 * perDay, 3 * perDay, 5 * perDay, 7 * perDay, 14 * perDay].find((one) => one >= every && (one % perDay === 0 || perDay % one === 0)) ?? every : every;
  context.fillStyle = colours.soft;
  const offset = perDay > 1 ? (each - (Math.floor((start - MONDAY) / step) % each)) % each : 0;
  for (let cell = offset; cell < cells; cell += each) {
    const label = axisText(start + cell * step, step);
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
// A missing corner marks runs that were tried more than once.
const drawCorner = (context, right, top) => {
  context.fillStyle = colours.surface;
  context.beginPath();
  context.moveTo(right - 6, top - 0.5);
  context.lineTo(right + 0.5, top - 0.5);
  context.lineTo(right + 0.5, top + 6);
  context.fill();
};
const cellBounds = (cell) => {
  const local = (strip.first + cell) * strip.step + MONDAY;
  return [local, local + strip.step];
};
const cellText = (job, cell, runs) => {
  if (runs.length === 1) return runText(runs[0]);
  const [start, end] = cellBounds(cell);
  const counts = [0, 0, 0, 0, 0];
  for (const run of runs) counts[stateOf(run)]++;
  const lines = [data.jobs[job].name, say("{start} to {end}", { start: shortText(start), end: shortText(end) }), countsText(counts)];
  const took = runs.map(durationOf).filter((span) => span !== null);
  if (took.length) lines.push(say("took at most {span}", { span: spanText(greatest(took)) }));
  return lines.join("\n");
};
const zoom = (cell) => {
  const [start, end] = cellBounds(cell);
  chosen.from = fromWall(start);
  chosen.to = fromWall(end);
  list.kind = "all";
  apply();
};
