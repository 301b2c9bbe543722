// The parse of one sentence, as arcs from heads to their dependents; the sentence is chosen by two buttons.

import { draw, make } from "./dom.js";
import { counted, number } from "./request.js";

const WIDEST = 120; // tokens that are drawn at most
const GAP = 22; // pixels between two words
const STEP = 26; // pixels between two levels of arcs
const FOOT = 44; // pixels for the words and their parts of speech
const LABEL = 6.6; // pixels a character of a relation's name takes

/** Return the nodes of the section. */
export function showParse(tokens) {
  const sentences = treesOf(tokens);
  if (!sentences.length) return [make("p", { class: "empty" }, "There is nothing to draw.")];
  let current = 0;
  const figure = make("div", { class: "scroll parse", tabindex: "0", role: "region", "aria-label": "Drawing of the parse" });
  const place = make("span", { class: "place", role: "status" });
  const previous = make("button", { type: "button", "aria-label": "Previous sentence", onclick: () => go(-1) }, "←");
  const next = make("button", { type: "button", "aria-label": "Next sentence", onclick: () => go(1) }, "→");
  function go(step) {
    current += step;
    const sentence = sentences[current];
    place.textContent = `Sentence ${number(current + 1)} of ${number(sentences.length)}`;
    previous.disabled = current === 0;
    next.disabled = current === sentences.length - 1;
    const tooLong = sentence.length > WIDEST;
    figure.replaceChildren(
      tooLong ? make("p", { class: "empty" }, `This sentence has ${counted(sentence.length, "token")}; up to ${WIDEST} are drawn.`) : drawing(sentence),
    );
  }
  go(0);
  return [...(sentences.length > 1 ? [make("div", { class: "turn" }, previous, place, next)] : []), figure];
}

/** Cut tokens into sentences: a token belongs to that of its root. White space is left out. */
function treesOf(tokens) {
  const roots = tokens.map(() => -1);
  const rootOf = (index) => {
    const way = [];
    while (roots[index] < 0 && tokens[index].head !== index && way.length <= tokens.length) {
      way.push(index);
      index = tokens[index].head;
    }
    const root = roots[index] < 0 ? index : roots[index];
    for (const one of way) roots[one] = root;
    roots[index] = root;
    return root;
  };
  const sentences = [];
  let last = -1;
  tokens.forEach((token, index) => {
    if (!token.text.trim()) return;
    const root = rootOf(index);
    if (root !== last) sentences.push([]);
    last = root;
    sentences.at(-1).push({ ...token, index });
  });
  return sentences;
}

function drawing(sentence) {
  const backwards = isRightToLeft(sentence);
  const words = backwards ? [...sentence].reverse() : sentence;
  const where = new Map(words.map((word, place) => [word.index, place]));
  const arcs = words
    .map((word, place) => ({ from: place, to: where.get(word.head), label: word.dep ?? "" }))
    .filter(({ from, to }) => to !== undefined && from !== to)
    .map((arc) => ({ ...arc, left: Math.min(arc.from, arc.to), right: Math.max(arc.from, arc.to) }))
    .sort((one, other) => one.right - one.left - (other.right - other.left));
  const centres = centresOf(words, arcs);
  const levels = levelsOf(arcs, words.length);
  const height = (Math.max(0, ...levels) + 1) * STEP + 14;
  const width = centres.at(-1) + widthOf(words.at(-1)) / 2 + GAP / 2;
  const nodes = arcs.map((arc, number) => arcNodes(arc, levels[number], centres, height));
  const texts = words.map((word, place) => [
    draw("text", { x: centres[place], y: height + 18, class: "word" }, word.text),
    draw("text", { x: centres[place], y: height + 36, class: "pos" }, word.pos ?? word.tag ?? ""),
  ]);
  const spoken = sentence.map((word) => `${word.text}: ${word.dep ?? ""}`).join(", ");
  return draw(
    "svg",
    { width, height: height + FOOT, viewBox: `0 0 ${width} ${height + FOOT}`, role: "img", "aria-label": `Parse: ${spoken}` },
    nodes.flat(),
    texts.flat(),
  );
}

/** Say whether most letters of a sentence are of scripts that run from right to left. */
function isRightToLeft(sentence) {
  const letters = sentence.map(({ text }) => text).join("");
  const count = letters.match(/[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/gu)?.length ?? 0;
  return count > letters.length / 2;
}

const pen = document.createElement("canvas").getContext("2d");

function widthOf(word) {
  pen.font = "500 15px Inter, system-ui, sans-serif";
  return Math.max(pen.measureText(word.text).width, (word.pos ?? word.tag ?? "").length * LABEL);
}

/** Place the words side by side, those that an arc joins far enough apart for its label. */
function centresOf(words, arcs) {
  const needed = words.map(() => 0);
  for (const { left, right, label } of arcs) if (right - left === 1) needed[right] = label.length * LABEL + 30;
  const centres = [];
  words.forEach((word, place) => {
    const before = place ? centres[place - 1] + widthOf(words[place - 1]) / 2 + GAP : GAP / 2;
    const least = place ? centres[place - 1] + needed[place] : 0;
    centres.push(Math.max(before + widthOf(word) / 2, least));
  });
  return centres;
}

/** Give each arc, the shortest first, the level above all arcs below it. */
function levelsOf(arcs, count) {
  const heights = new Array(count).fill(0); // between a word and the next: the first level that is free
  return arcs.map(({ left, right }) => {
    let level = 0;
    for (let gap = left; gap < right; gap += 1) level = Math.max(level, heights[gap]);
    heights.fill(level + 1, left, right);
    return level;
  });
}

function arcNodes({ from, to, left, right, label }, level, centres, base) {
  const nudge = 5; // arcs that leave one word begin side by side
  const start = centres[left] + nudge;
  const end = centres[right] - nudge;
  const top = base - (level + 1) * STEP;
  const bend = Math.min(14, (end - start) / 2);
  const path = `M${start},${base} V${top + bend} Q${start},${top} ${start + bend},${top} H${end - bend} Q${end},${top} ${end},${top + bend} V${base}`;
  const tip = from < to ? start : end; // the dependent's end, where the arrow points
  const middle = (start + end) / 2;
  return [
    draw("path", { d: path, class: "arc" }),
    draw("path", { d: `M${tip},${base + 3} l-4,-7 h8 z`, class: "arrow" }),
    draw("rect", { x: middle - (label.length * LABEL) / 2 - 4, y: top - 8, width: label.length * LABEL + 8, height: 16, class: "behind" }),
    draw("text", { x: middle, y: top + 4, class: "relation" }, label),
  ];
}
