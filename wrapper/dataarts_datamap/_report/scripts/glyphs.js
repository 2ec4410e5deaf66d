// A shape for each state, so that states differ not only in colour.
const GLYPHS = [
  { d: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1z", fill: true },
  { d: "M2 2l8 8M10 2l-8 8", stroke: 2.6 },
  { d: "M3 1.5l8 4.5-8 4.5z", fill: true },
  { d: "M1.5 6h9", stroke: 2.6 },
  { d: "M6 1L11 6 6 11 1 6z", stroke: 1.8 },
];
const RING = { d: "M6 1.2a4.8 4.8 0 1 0 0 9.6A4.8 4.8 0 0 0 6 1.2z", stroke: 1.9 };
const glyph = (state) => {
  const shape = state === NOTED ? RING : GLYPHS[state];
  const name = state === NOTED ? NOTED : data.states[state];
  const space = "http://www.w3.org/2000/svg";
  const image = document.createElementNS(space, "svg");
  image.setAttribute("viewBox", "0 0 12 12");
  image.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", shape.d);
  path.style.fill = shape.fill ? `var(--${name})` : "none";
  if (shape.stroke) {
    path.style.stroke = `var(--${name})`;
    path.style.strokeWidth = shape.stroke;
    path.style.strokeLinecap = "round";
  }
  image.append(path);
  return image;
};
const paths = GLYPHS.map((shape) => new Path2D(shape.d));

let colours = {};
const readColours = () => {
  const probe = make("span");
  document.body.append(probe);
  const names = ["ink", "soft", "line", "grid", "surface", "sunk", "accent", "mark", "outlier", ...data.states];
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
};
const colour = (state) => colours[data.states[state]];
