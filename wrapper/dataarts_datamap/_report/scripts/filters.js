// The runs that match the filters, and the controls for them.
const chosen = { jobs: new Set(data.jobs.keys()), states: new Set(data.states.keys()), text: "", from: null, to: null };
let shown = [];
let byJob = [];
const present = new Set(data.statuses.map(([, state]) => state));
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

// A time as it is typed: a day, and a time of day unless it is midnight.
const TYPED = /^(\d{4}-\d{2}-\d{2})(?:[T ]+(\d{2}:\d{2})(:\d{2})?)?$/;
const parseTyped = (text) => {
  const [, day, time = "00:00", seconds = ":00"] = TYPED.exec(text) ?? [];
  const local = day === undefined ? NaN : Date.parse(`${day}T${time}${seconds}Z`);
  return iso(local).slice(0, 10) === day ? local : NaN;
};
const typed = (time) => (time === null ? "" : iso(wall(time)).slice(0, 16).replace("T", " "));
const readTime = (input) => {
  const text = input.value.trim();
  const local = text ? parseTyped(text) : null;
  const isWrong = Number.isNaN(local);
  input.setAttribute("aria-invalid", String(isWrong));
  element("time-problem").hidden = !document.querySelector(".times [aria-invalid=true]");
  if (isWrong) return;
  chosen[input.id] = local === null ? null : fromWall(local);
  apply();
};

const isFiltered = {
  text: () => chosen.text !== "",
  jobs: () => chosen.jobs.size < data.jobs.length,
  states: () => [...present].some((state) => !chosen.states.has(state)),
  times: () => chosen.from !== null || chosen.to !== null,
};
const described = {
  text: () => say("text {text}", { text: chosen.text }),
  jobs: () => say("job {names}", { names: jobsText() }),
  states: () => {
    const [left, gone] = [true, false].map((is) => [...present].filter((state) => chosen.states.has(state) === is).sort());
    const listed = (states) => states.map((state) => LABELS[state]).join(say(", "));
    return gone.length < left.length ? say("without state {names}", { names: listed(gone) }) : say("state {names}", { names: listed(left) || say("none") });
  },
  times: () => {
    const [start, end] = [typed(chosen.from), typed(chosen.to)];
    if (chosen.to === null) return say("planned from {start}", { start });
    return chosen.from === null ? say("planned before {end}", { end }) : say("planned from {start} to {end}", { start, end });
  },
};
const jobsText = () => {
  const some = chosen.jobs.size;
  if (some === data.jobs.length) return say("All jobs");
  return some === 1 ? data.jobs[[...chosen.jobs][0]].name : say("{n} of {all} jobs", { n: some, all: data.jobs.length });
};
const clearFilter = {
  text: () => { chosen.text = element("text").value = ""; },
  jobs: () => { chosen.jobs = new Set(data.jobs.keys()); check("jobs"); },
  states: () => { chosen.states = new Set(data.states.keys()); check("states"); },
  times: () => {
    chosen.from = chosen.to = null;
    for (const id of ["from", "to"]) element(id).setAttribute("aria-invalid", "false");
    element("time-problem").hidden = true;
  },
};
const clearFilters = () => { for (const clear of Object.values(clearFilter)) clear(); };
const check = (id) => { for (const box of document.querySelectorAll(`#${id} input`)) box.checked = true; };
const checked = (id) => new Set([...document.querySelectorAll(`#${id} input`)].filter((box) => box.checked).map((box) => Number(box.value)));

// The line with the number of shown runs, and for each filter a button that removes the filter.
const showFilters = () => {
  const names = Object.keys(isFiltered).filter((name) => isFiltered[name]());
  element("result").textContent = names.length ? say("{n} of {runs} shown", { n: number(shown.length), runs: runsText(count) }) : runsText(count);
  element("chosen").replaceChildren(...names.map((name) => {
    const text = described[name]();
    const button = make("button", { type: "button", "data-filter": name, "aria-label": say("Remove the filter {what}", { what: text }) },
      make("bdi", {}, text), make("span", { "aria-hidden": "true" }, "×"));
    return make("li", {}, button);
  }));
  element("clear").hidden = !names.length;
  for (const id of ["from", "to"]) if (element(id).getAttribute("aria-invalid") !== "true") element(id).value = typed(chosen[id]);
  document.querySelector("#jobs summary").textContent = jobsText();
  for (const button of element("presets").children) {
    const days = Number(button.dataset.days);
    const from = days ? Math.max(data.end - days * DAY, 0) : null;
    button.setAttribute("aria-pressed", String(chosen.from === from && chosen.to === null));
  }
};

const buildFilters = () => {
  const totals = data.jobs.map(() => 0);
  for (const job of data.job) totals[job]++;
  document.querySelector("#jobs .choices").append(...data.jobs.map((job, index) =>
    make("label", {}, make("input", { type: "checkbox", checked: "", value: String(index) }), make("bdi", {}, job.name), make("span", { class: "count" }, number(totals[index])))));
  element("states").append(...[...data.states.keys()].filter((state) => present.has(state)).map((state) =>
    make("label", {}, make("input", { type: "checkbox", checked: "", value: String(state) }), make("span", {}, glyph(state), LABELS[state]))));
  for (const fact of document.querySelectorAll(".fact[data-state]")) {
    const state = fact.dataset.state === NOTED ? NOTED : data.states.indexOf(fact.dataset.state);
    if (state !== -1) fact.querySelector("dt").prepend(glyph(state));
  }
};
const listenToFilters = () => {
  let pending = 0;
  element("text").addEventListener("input", (event) => {
    chosen.text = event.target.value.trim();
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(apply);
  });
  element("jobs").addEventListener("change", () => { chosen.jobs = checked("jobs"); apply(); });
  element("states").addEventListener("change", () => { chosen.states = checked("states"); apply(); });
  for (const id of ["from", "to"]) element(id).addEventListener("change", (event) => readTime(event.target));
  element("presets").addEventListener("click", (event) => {
    const days = event.target.dataset.days;
    if (days === undefined) return;
    clearFilter.times();
    chosen.from = Number(days) ? Math.max(data.end - Number(days) * DAY, 0) : null;
    apply();
  });
  element("chosen").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    clearFilter[button.dataset.filter]();
    apply();
    (element("chosen").querySelector("button") ?? element("text")).focus();
  });
  element("filters").addEventListener("submit", (event) => event.preventDefault());
  element("filters").addEventListener("reset", (event) => {
    event.preventDefault();
    clearFilters();
    apply();
    element("text").focus();
  });
  element("jobs").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    element("jobs").open = false;
    element("jobs").querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => { if (!element("jobs").contains(event.target)) element("jobs").open = false; });
  element("filters-fold").addEventListener("click", (event) => {
    const isOpen = element("filters").classList.toggle("open");
    event.target.setAttribute("aria-expanded", String(isOpen));
  });
};
