// Builds elements. Text is only ever set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element. `attributes` may have `class`, `on…` handlers and `style`, an object of CSS properties. */
export function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Return an element of SVG. */
export function draw(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** Return the element with an id of the page. */
export function byId(id) {
  return document.getElementById(id);
}

/** Wait until the browser has had time for input and painting. */
export function pause() {
  return globalThis.scheduler?.yield ? scheduler.yield() : new Promise((resume) => setTimeout(resume, 0));
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name === "style") for (const [property, set] of Object.entries(value)) element.style.setProperty(property, set);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}
