// Says that the drawing of what feeds the table goes on to the side, and lets the tab key stop at it, where it does.
const showWidth = () => {
  const drawing = element("upstream-scroll");
  if (!drawing) return;
  const isWide = drawing.scrollWidth > drawing.clientWidth;
  element("upstream-wide").hidden = !isWide;
  if (isWide) drawing.tabIndex = 0;
  else drawing.removeAttribute("tabindex");
};
