// Shows everything again after a change of the filters.
const apply = () => {
  filterRuns();
  strip.build();
  gantt.end = null;
  gantt.draw();
  cards.build();
  list.page = 0;
  list.draw();
  showFilters();
};
const redraw = () => {
  readColours();
  showWidth();
  strip.build();
  gantt.draw();
  cards.draw();
};
strip.reader.redraw = strip.draw;
gantt.reader.redraw = gantt.draw;

const listen = () => {
  listenToFilters();
  listenToList();
  element("strip-kind").addEventListener("click", (event) => {
    if (!event.target.dataset.kind) return;
    strip.kind = event.target.dataset.kind;
    strip.build();
  });
  element("earlier").addEventListener("click", () => pan(-1));
  element("later").addEventListener("click", () => pan(1));
  element("span").addEventListener("change", gantt.draw);
  element("more-cards").addEventListener("click", () => { cards.all = true; cards.build(); });
  element("theme").addEventListener("change", redraw);
  for (const fold of document.querySelectorAll("details.fold")) fold.addEventListener("toggle", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let waiting = 0;
  addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(redraw); });
  addEventListener("scroll", hideTip, { passive: true });
};

if (isNarrow()) for (const fold of document.querySelectorAll("details.fold.later")) fold.open = false;
buildFilters();
buildKey();
readColours();
showWidth();
listen();
if (!count) for (const section of document.querySelectorAll("main > section:not(#upstream), #filters")) section.hidden = true;
else {
  if (!data.job.some((_, run) => stateOf(run) === 1)) list.kind = "all";
  apply();
  showLinked();
}
document.documentElement.dataset.shown = String(Math.round(performance.now() - began));
