// If the drawing of the tables upstream is wider than the page, a hint says so, and the tab key stops at the drawing.
const showWidth = () => {
  const drawing = element("upstream-scroll");
  if (!drawing) return;
  const isWide = drawing.scrollWidth > drawing.clientWidth;
  element("upstream-wide").hidden = !isWide;
  if (isWide) drawing.tabIndex = 0;
  else drawing.removeAttribute("tabindex");
};
