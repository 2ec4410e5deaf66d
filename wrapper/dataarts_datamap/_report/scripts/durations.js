// Durations and waits, a card for each job.
const cards = { all: false, drawn: [] };
cards.build = () => {
  const jobs = visibleJobs();
  const some = cards.all ? jobs : jobs.slice(0, MOST_CARDS);
  const more = element("more-cards");
  const left = jobs.length - some.length;
  more.hidden = left === 0;
  more.textContent = say(left === 1 ? "Show {n} more job" : "Show {n} more jobs", { n: left });
  cards.drawn = some.map((job) => makeCard(job));
  element("cards").replaceChildren(...cards.drawn.map((card) => card.box));
  if (!some.length) element("cards").append(make("p", { class: "empty" }, say("No run matches the filters.")));
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
    const spots = [];
    for (const run of known) {
      const x = place(run);
      const y = level(valueOf(run));
      if (x < left - 4 || x > width + 4) continue;
      drawPoint(context, run, x, y, dense, isDuration);
      spots.push({ run, x: x - 4, y: y - 4, w: 8, h: 8, row: 0, text: () => runText(run), act: () => showRun(run) });
    }
    if (isDuration) drawMedian(context, known, place, level, dense);
    reader.update(context, spots, (one, other) => one.run === other.run);
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
