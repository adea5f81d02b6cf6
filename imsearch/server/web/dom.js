/** Elements, made without markup: whatever text is given stays text. */

/**
 * An element. Functions among the attributes listen to the event that they are named for (`onclick`), `true` sets an
 * attribute without a value, and `false`, `null` and `undefined` leave it out.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** One of the icons in index.html. It says nothing by itself: its button needs a label. */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
}

/** The element with an id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Let dialogs be closed by their button and by a click beside them. */
export function makeClosable(dialog) {
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

/** A picture, replaced by a message where it is out of reach. */
export function picture(address, alt, attributes = {}) {
  const image = element("img", { src: address, alt, ...attributes });
  image.addEventListener("error", () => {
    image.replaceWith(
      element("span", { class: "lost", role: "img", "aria-label": `${alt} (out of reach)` }, "Out of reach"),
    );
  });
  return image;
}

/** A definition list of the facts that there are. */
export function facts(pairs) {
  return element(
    "dl",
    { class: "facts" },
    ...pairs
      .filter(([, value]) => value != null && value !== "")
      .flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
  );
}

/** Copy text to the clipboard, also on a page that came over plain HTTP, where browsers lack the usual way. */
async function copyText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = element("textarea", { class: "visually-hidden", readonly: true });
  area.value = text;
  document.body.append(area);
  const before = document.activeElement;
  area.select();
  document.execCommand("copy");
  area.remove();
  before?.focus();
}

/** A button that copies a path, and says so by an event named `said`, which bubbles. */
export function copyButton(path) {
  const copy = async ({ currentTarget: button }) => {
    let said = "Path copied";
    try {
      await copyText(path);
    } catch {
      said = "The browser did not let the path be copied";
    }
    button.dispatchEvent(new CustomEvent("said", { bubbles: true, detail: said }));
  };
  return element(
    "button",
    { type: "button", class: "icon-button", "aria-label": "Copy path", title: "Copy path", onclick: copy },
    icon("copy"),
  );
}
