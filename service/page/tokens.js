// Tokens as a table.

import { make } from "./dom.js";
import { growingList } from "./pages.js";

const ROWS = 50;
const COLUMNS = [
  ["lemma", "Lemma"],
  ["pos", "Part of speech"],
  ["tag", "Tag"],
  ["morph", "Morphology"],
  ["dep", "Relation"],
];

/** Return the nodes of the section. Columns that no token has a value for are left out. */
export function showTokens(tokens) {
  if (!tokens.length) return [make("p", { class: "empty" }, "There are no tokens.")];
  const columns = COLUMNS.filter(([field]) => tokens.some((token) => token[field]));
  const headed = tokens.some((token) => token.head !== undefined);
  const body = make("tbody");
  const more = growingList(body, tokens, ROWS, "tokens", (token, index) =>
    make(
      "tr",
      {},
      make("td", { class: "number" }, index),
      make("th", { scope: "row", dir: "auto" }, visible(token.text)),
      columns.map(([field]) => make("td", { dir: "auto" }, field === "lemma" ? visible(token[field] ?? "") : (token[field] ?? ""))),
      headed ? make("td", { dir: "auto" }, token.head === index ? "root" : (tokens[token.head]?.text ?? "")) : null,
      make("td", { class: "number" }, `${token.start}–${token.end}`),
    ),
  );
  const names = [...columns.map(([, name]) => name), ...(headed ? ["Head"] : [])];
  const head = make(
    "tr",
    {},
    make("th", { scope: "col", class: "number" }, "#"),
    make("th", { scope: "col" }, "Token"),
    names.map((name) => make("th", { scope: "col" }, name)),
    make("th", { scope: "col", class: "number" }, "Offsets"),
  );
  const table = make("table", {}, make("thead", {}, head), body);
  return [make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of tokens" }, table), more];
}

/** Show white space that is a token of its own. */
function visible(text) {
  return /^\s+$/u.test(text) ? text.replaceAll("\n", "⏎").replaceAll("\t", "⇥").replaceAll(/\s/gu, "␣") : text;
}
