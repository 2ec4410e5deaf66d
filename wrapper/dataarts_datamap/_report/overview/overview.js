const list = element("tables");
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const rows = [...list.querySelectorAll(".table")];
// Names are sorted as usual in the page's language: Chinese ones by their sound.
const collator = new Intl.Collator(document.documentElement.lang);
const byName = (one, other) => collator.compare(one.dataset.name, other.dataset.name) || one.dataset.order - other.dataset.order;
const orders = {
  worst: (one, other) => one.dataset.rank - other.dataset.rank || byName(one, other),
  name: byName,
  oldest: (one, other) => one.dataset.success - other.dataset.success || byName(one, other),
};

function arrange() {
  const group = element("group").value;
  const sorted = [...rows].sort(orders[element("sort").value]);
  const parts = [];
  if (group) {
    const groups = new Map();
    for (const row of sorted) {
      const key = row.dataset[group];
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(row);
    }
    for (const [key, members] of groups) {
      const title = document.createElement("h2");
      const fine = members.filter((row) => row.dataset.verdict === "fresh").length;
      title.textContent = fill(list.dataset.group, { key, fine, all: members.length });
      title.members = members;
      parts.push(title, ...members);
    }
  } else {
    parts.push(...sorted);
  }
  list.replaceChildren(...parts);
  filter();
}

function filter() {
  const words = element("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const verdicts = new Set([...element("verdicts").querySelectorAll("input:checked")].map((one) => one.value));
  let shown = 0;
  for (const row of rows) {
    const fits = verdicts.has(row.dataset.verdict) && words.every((word) => row.dataset.text.includes(word));
    row.hidden = !fits;
    shown += fits;
  }
  for (const title of list.querySelectorAll("h2")) {
    title.hidden = title.members.every((row) => row.hidden);
  }
  element("nothing").hidden = shown > 0;
  element("clear").hidden = shown === rows.length;
  element("result").textContent = fill(element("result").dataset.text, { n: shown, all: rows.length });
}

element("filters").hidden = false;
element("filters").addEventListener("reset", () => setTimeout(arrange));
element("filters").addEventListener("submit", (event) => event.preventDefault());
element("text").addEventListener("input", filter);
element("verdicts").addEventListener("change", filter);
element("sort").addEventListener("change", arrange);
element("group").addEventListener("change", arrange);
arrange();

// A link to a table opens it, whatever the filters hide.
for (const link of document.querySelectorAll('a[href^="#table-"]')) {
  link.addEventListener("click", () => {
    const row = document.querySelector(link.hash);
    if (row.hidden) element("filters").reset();
    row.open = true;
    setTimeout(() => row.querySelector("summary").focus());
  });
}
