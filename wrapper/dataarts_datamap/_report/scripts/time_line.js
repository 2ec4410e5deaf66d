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
// The end of the time line until it is moved: that of the filtered time; if no run is near it, soon after the last run.
gantt.latest = (to, span) => {
  const last = shown.reduce((latest, run) => Math.max(latest, data.finish[run] ?? data.start[run] ?? momentOf(run) ?? 0), 0);
  return last < to - span ? last + span / 20 : to;
};
gantt.draw = () => {
  const [from, to] = gantt.bounds();
  const jobs = visibleJobs().slice(0, MOST_ROWS);
  const height = rowHeight(ROW);
  const bottom = AXIS + Math.max(jobs.length, 1) * height;
  const [context, width] = prepare(gantt.canvas, bottom);
  const place = (time) => ((time - from) / (to - from)) * width;
  timeAxis(context, from, to, 0, width, 18, bottom);
  const spots = [];
  let inside = 0;
  jobs.forEach((job, row) => {
    const lanes = [];
    const top = rowTop(context, job, row, height);
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
      spot.y = top + (used === 1 ? 9 : 4 + spot.lane * (spot.h + 1));
    }
  });
  const dense = spots.length > width;
  for (const spot of spots) drawBar(context, spot, dense);
  if (data.now > from && data.now < to) {
    context.fillStyle = colours.accent;
    context.fillRect(place(data.now) - 0.5, 18, 1.5, bottom - 18);
  }
  gantt.reader.update(context, spots, (one, other) => one.run === other.run);
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
