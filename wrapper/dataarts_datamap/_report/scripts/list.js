// The list: the newest few at first, then page by page.
const list = { kind: "failed", page: 0, isWhole: false, runs: [] };
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
  const size = list.isWhole ? PAGE : FIRST;
  const pages = list.isWhole ? Math.max(Math.ceil(list.runs.length / size), 1) : 1;
  list.page = Math.min(list.page, pages - 1);
  const some = list.runs.slice(list.page * size, (list.page + 1) * size);
  element("list").replaceChildren(...some.map(makeRow));
  document.querySelector(".scroll").hidden = !some.length;
  element("empty").hidden = some.length > 0;
  element("empty").textContent = say({ failed: "No failed run matches the filters.", outliers: "No outlier matches the filters.", all: "No run matches the filters." }[list.kind]);
  element("more-runs").hidden = list.isWhole || list.runs.length <= FIRST;
  element("more-runs").textContent = say("Show all {n}", { n: number(list.runs.length) });
  document.querySelector(".pages").hidden = pages === 1;
  element("page").textContent = say("Page {page} of {pages}", { page: number(list.page + 1), pages: number(pages) });
  element("previous").disabled = list.page === 0;
  element("next").disabled = list.page === pages - 1;
};
const makeRow = (run) => {
  const cell = (name, label, ...children) => make("td", { role: "cell", class: name, "data-label": say(label) }, make("span", {}, ...children));
  const log = cell("log", "Log", data.logs[run] === undefined ? "–" : copyable(data.logs[run], say("log path of run {id}", { id: data.id[run] || "–" })));
  if (data.tails[run]) log.append(make("details", {}, make("summary", {}, data.tails[run][0]), make("pre", {}, data.tails[run][1])));
  if (data.nested[run]) log.append(make("details", {}, make("summary", {}, say("Running data")), make("pre", {}, data.nested[run])));
  log.hidden = [data.logs, data.tails, data.nested].every((of) => !of[run]);
  const took = [spanText(durationOf(run))];
  if (isNoted(run)) took.push(make("span", { class: "badge" }, say(durationOf(run) > data.median[run] ? "slow" : "fast")));
  const status = [glyph(stateOf(run)), data.statuses[data.status[run]][0]];
  if (triesOf(run) > 1) status.push(make("span", { class: "tries" }, say("{n} attempts", { n: number(triesOf(run)) })));
  return make("tr", { role: "row", class: log.hidden ? "short" : "", tabindex: "-1", ...(data.id[run] ? { id: `run-${data.id[run]}` } : {}) },
    cell("time", "Planned", timeText(momentOf(run))),
    cell("job", "Job", data.jobs[data.job[run]].name),
    cell("status", "Status", ...status),
    cell("number", "Waited", spanText(waitOf(run))),
    cell("number", "Took", ...took),
    cell("number", "Run", data.id[run] || "–"),
    log);
};

// Shows a run in the list, even if it was filtered out, was on another page, or the list was folded.
const showRun = (run) => {
  if (!shown.includes(run)) {
    clearFilters();
    apply();
  }
  if (!kinds[list.kind](run)) list.kind = "all";
  const at = shown.filter(kinds[list.kind]).reverse().indexOf(run);
  if (at >= FIRST) list.isWhole = true;
  list.page = list.isWhole ? Math.floor(at / PAGE) : 0;
  element("list-title").closest("details").open = true;
  list.draw();
  const row = element("list").children[list.isWhole ? at % PAGE : at];
  for (const other of element("list").children) other.classList.toggle("found", other === row);
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
};
const showLinked = () => {
  const [, id] = /^#run-(\d+)$/.exec(location.hash) ?? [];
  const run = id === undefined ? -1 : data.id.lastIndexOf(id);
  if (run >= 0) showRun(run);
};
const listenToList = () => {
  element("tabs").addEventListener("click", (event) => {
    if (!event.target.dataset.list) return;
    list.kind = event.target.dataset.list;
    list.page = 0;
    list.draw();
  });
  element("more-runs").addEventListener("click", () => {
    list.isWhole = true;
    list.draw();
    element("list").children[FIRST].focus({ preventScroll: true });
  });
  element("previous").addEventListener("click", () => { list.page--; list.draw(); });
  element("next").addEventListener("click", () => { list.page++; list.draw(); });
  addEventListener("hashchange", showLinked);
  for (const link of document.querySelectorAll('a[href^="#run-"]')) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      history.replaceState(null, "", link.hash);
      showLinked();
    });
  }
};
