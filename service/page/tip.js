// The box that says more about a highlighted place: at the mouse, at the keyboard's focus, at a touch. Escape hides it.

import { byId, make } from "./dom.js";

const told = new WeakMap();
const GAP = 6; // pixels between a place and its box

/** Have an element say more about itself: rows of a name and a value. */
export function tell(element, rows) {
  told.set(element, rows);
  element.setAttribute("data-tip", "");
}

/** Listen on the page. */
export function startTips() {
  const tip = byId("tip");
  let shownFor = null;
  const show = (element) => {
    if (shownFor === element) return;
    hide();
    shownFor = element;
    tip.replaceChildren(
      make("dl", {}, told.get(element).map(([name, value]) => [make("dt", {}, name), make("dd", { dir: "auto" }, value)]).flat()),
    );
    tip.hidden = false;
    place(tip, element.getClientRects()[0] ?? element.getBoundingClientRect());
    element.setAttribute("aria-describedby", "tip");
  };
  const hide = () => {
    shownFor?.removeAttribute("aria-describedby");
    shownFor = null;
    tip.hidden = true;
  };
  const marked = (event) => (event.target.closest ? event.target.closest("[data-tip]") : null);
  document.addEventListener("pointerover", (event) => {
    const element = marked(event);
    if (element) show(element);
    else if (shownFor && !tip.contains(event.target) && shownFor !== document.activeElement) hide();
  });
  document.addEventListener("focusin", (event) => (marked(event) ? show(marked(event)) : hide()));
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("scroll", hide, { passive: true });
}

function place(tip, box) {
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = Math.max(GAP, Math.min(box.left, document.documentElement.clientWidth - width - GAP));
  const below = box.bottom + GAP + height < innerHeight;
  tip.style.setProperty("left", `${left}px`);
  tip.style.setProperty("top", `${below ? box.bottom + GAP : Math.max(GAP, box.top - GAP - height)}px`);
}

/** Let the arrow keys walk over the elements of a selector within a container, which so is one stop of the Tab key. */
export function walkByArrows(container, selector) {
  const first = container.querySelector(selector);
  if (first) first.tabIndex = 0;
  container.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.matches(selector)) return;
    const all = [...container.querySelectorAll(selector)];
    const next = all[all.indexOf(event.target) + step];
    if (!next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}
