"use strict";

const checks = [...document.querySelectorAll("details.check")];
const filter = document.querySelector(".filter");
const words = filter.querySelector("input[type=search]");
const outcomes = [...filter.querySelectorAll("input[type=checkbox]")];
const count = filter.querySelector("output");

function showMatches() {
  const wanted = new Set(outcomes.filter((box) => box.checked).map((box) => box.value));
  const text = words.value.trim().toLowerCase();
  for (const check of checks) {
    check.hidden = !wanted.has(check.dataset.outcome) || !check.textContent.toLowerCase().includes(text);
  }
  for (const section of document.querySelectorAll("section.checks")) {
    section.hidden = !section.querySelector("details.check:not([hidden])");
  }
  const shown = checks.filter((check) => !check.hidden).length;
  count.textContent = shown === checks.length ? "" : `${shown} of ${checks.length} checks are shown.`;
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    for (const box of outcomes) box.checked = true;
    words.value = "";
    showMatches();
    target.open = true;
    target.scrollIntoView();
  }
}

async function copy(button) {
  const command = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(command);
    button.textContent = "Selected";
  }
}

for (const button of document.querySelectorAll("button")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
filter.hidden = false;
filter.addEventListener("input", showMatches);
filter.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", openTarget);
openTarget();
