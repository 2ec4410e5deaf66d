// Whoever has no mouse scrolls a wide table with the arrow keys, once it can be reached by the tab key.
"use strict";
const reach = () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap")) {
    const isWide = box.scrollWidth > box.clientWidth;
    if (isWide) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }
};
addEventListener("load", reach);
addEventListener("resize", reach);
