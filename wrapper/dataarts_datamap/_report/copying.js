// A path that is longer than its space is shown with its end, which says most. The whole path can be read and copied.
const TAIL = 28;
// The index of the part that is always shown; a wide character counts twice.
const tailOf = (text) => {
  const signs = [...text];
  let room = TAIL;
  while (signs.length && room > 0) room -= signs.pop().codePointAt(0) > 0x2e7f ? 2 : 1;
  return signs.join("").length;
};
const copyText = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = document.createElement("textarea"); // where a page has no clipboard
    box.value = text;
    box.setAttribute("aria-hidden", "true");
    box.className = "hidden";
    document.body.append(box);
    box.select();
    const isCopied = document.execCommand("copy");
    box.remove();
    return isCopied;
  }
};
const copyable = (text, what) => {
  const words = document.body.dataset;
  const whole = document.createElement("span");
  whole.className = "copyable";
  const code = document.createElement("code");
  const cut = text.length > 2 * TAIL ? tailOf(text) : text.length;
  for (const [name, part] of [["path-head", text.slice(0, cut)], ["path-tail", text.slice(cut)]]) {
    const piece = document.createElement("span");
    piece.className = name;
    piece.textContent = part;
    if (part) code.append(piece);
  }
  code.title = text;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = words.copy;
  button.setAttribute("aria-label", `${words.copy}: ${what}`);
  button.addEventListener("click", async () => {
    const isCopied = await copyText(text);
    button.focus();
    button.textContent = isCopied ? words.copied : words.notCopied;
    element("spoken").textContent = button.textContent;
    setTimeout(() => { button.textContent = words.copy; }, 2000);
  });
  whole.append(code, button);
  return whole;
};
for (const code of document.querySelectorAll("code[data-what]")) code.replaceWith(copyable(code.textContent, code.dataset.what));
