const began = performance.now();
const data = JSON.parse(document.getElementById("data").textContent);
const HOUR = 3600000;
const DAY = 24 * HOUR;
const MONDAY = 4 * DAY;
const ROW = 30;
const AXIS = 22;
const NAME = 20;
const FIRST = 5;
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
const triesOf = (run) => 1 + (data.retries[run] ?? 0);
const isNarrow = () => innerWidth <= 720;
const greatest = (values) => values.reduce((most, value) => Math.max(most, value), 0);

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
