// What is long is shown a part at a time, so that the page never freezes. What is left is named, on the button for it.

import { make } from "./dom.js";
import { number } from "./request.js";

/**
 * Fill a container with the items of a list, `step` at a time. `show(item, index)` returns a node. The button for more
 * stands in `foot`, or behind the container.
 */
export function growingList(container, items, step, noun, show) {
  let shown = 0;
  const more = make("button", { type: "button", class: "more", onclick: () => grow(true) });
  function grow(asked) {
    const from = shown;
    shown = Math.min(items.length, shown + step);
    container.append(...items.slice(from, shown).map((item, index) => show(item, from + index)));
    const left = items.length - shown;
    more.textContent = `Show ${number(Math.min(step, left))} more of ${number(left)} ${noun}`;
    more.hidden = left === 0;
    if (asked && more.hidden) container.lastElementChild?.scrollIntoView({ block: "nearest" });
  }
  grow(false);
  return more;
}

/** Cut a text into parts of about `size` characters, at white space where there is any, and within none of the ranges. */
export function parts(text, ranges, size) {
  const cut = [0];
  const sorted = [...ranges].sort((one, other) => one.from - other.from);
  let next = 0; // the first range that may reach beyond the cut
  let reached = 0; // where the ranges before it end, the furthest of them
  while (text.length - cut.at(-1) > size) {
    let place = cut.at(-1) + size;
    const space = Math.max(text.lastIndexOf("\n", place), text.lastIndexOf(" ", place));
    if (space > cut.at(-1) + size / 2) place = space + 1;
    while (next < sorted.length && sorted[next].from < place) {
      reached = Math.max(reached, sorted[next].to);
      place = Math.max(place, Math.min(reached, text.length));
      next += 1;
    }
    if (isWithinPair(text, place)) place += 1;
    if (place <= cut.at(-1) || place >= text.length) break;
    cut.push(place);
  }
  return cut.map((from, index) => ({ from, to: cut[index + 1] ?? text.length }));
}

function isWithinPair(text, place) {
  return text.charCodeAt(place - 1) >> 10 === 0x36 && text.charCodeAt(place) >> 10 === 0x37;
}

/** Show a text part by part. `show(part)` returns its nodes; they follow each other without a break between parts. */
export function growingText(text, ranges, size, show) {
  const block = make("div", { class: "reading", dir: "auto" });
  const all = parts(text, ranges, size);
  let shown = 0;
  const more = make("button", { type: "button", class: "more", onclick: grow });
  function grow() {
    block.append(...show(all[shown]));
    shown += 1;
    const left = text.length - (all[shown - 1]?.to ?? 0);
    more.hidden = shown >= all.length;
    if (!more.hidden) {
      more.textContent = `Show ${number(all[shown].to - all[shown].from)} more of ${number(left)} characters`;
    }
  }
  grow();
  return make("div", {}, block, more);
}
