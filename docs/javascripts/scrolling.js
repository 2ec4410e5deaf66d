// Whoever has no mouse scrolls a wide table with the arrow keys, once it can be reached by the tab key. As long as a table
// goes on to the right, it fades out there.
"use strict";
const reach = () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap")) {
    const isWide = box.scrollWidth > box.clientWidth;
    if (isWide) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
    box.classList.toggle("goes-on", isWide && box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  }
};
addEventListener("load", reach);
addEventListener("scroll", reach, { capture: true, passive: true });
addEventListener("resize", reach);
