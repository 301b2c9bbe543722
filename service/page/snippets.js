// The request in four languages, as a caller would write it. A key is never written out: it is read from the environment.

import { copyButton } from "./clipboard.js";
import { make } from "./dom.js";
import { number } from "./request.js";
import { address, key } from "./service.js";

const KEY = "SPANWISE_API_KEY";
const LONGEST = 300; // characters of a text that are shown; all of it is copied

const LANGUAGES = { curl, Python: python, JavaScript: javascript, Go: go };

/** Return the request in a language: one of `curl`, `Python`, `JavaScript`, `Go`. */
export function snippet(language, request) {
  return LANGUAGES[language](address("v1/analyze"), request, Boolean(key()));
}

/** Return the nodes of the section: a tab for each language. */
export function showSnippets(request) {
  const names = Object.keys(LANGUAGES);
  const code = make("code");
  const cut = request.text.length > LONGEST;
  const shown = cut ? { ...request, text: `${request.text.slice(0, LONGEST)}…` } : request;
  const panel = make(
    "pre",
    { id: "snippet", role: "tabpanel", tabindex: "0", dir: "ltr" },
    code,
  );
  let current = names[0];
  const tabs = names.map((name) =>
    make("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "snippet", onclick: () => choose(name) }, name),
  );
  function choose(name) {
    current = name;
    code.textContent = snippet(name, shown);
    panel.setAttribute("aria-labelledby", `tab-${name}`);
    tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", String(names[index] === name));
      tab.tabIndex = names[index] === name ? 0 : -1;
    });
  }
  const list = make("div", { role: "tablist", "aria-label": "Language of the request" }, tabs);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (names.indexOf(current) + step + names.length) % names.length;
    choose(names[next]);
    tabs[next].focus();
  });
  choose(current);
  const bar = make("div", { class: "bar-of-code" }, list, copyButton("the request", () => snippet(current, request)));
  const note = cut
    ? make("p", { class: "small" }, `Shown with the first ${LONGEST} of ${number(request.text.length)} characters. Copy takes all of them.`)
    : null;
  return [bar, panel, note];
}

function curl(url, request, keyed) {
  const body = JSON.stringify(request).replaceAll("'", "'\\''");
  return [
    `curl -s '${url}' \\`,
    "  -H 'Content-Type: application/json' \\",
    ...(keyed ? [`  -H "X-API-Key: $${KEY}" \\`] : []),
    `  -d '${body}'`,
    "",
  ].join("\n");
}

// A string or list of JSON is one of Python and of JavaScript too.
function fields(request, indent, name) {
  return Object.entries(request).map(([field, value]) => `${indent}${name(field)}: ${JSON.stringify(value).replaceAll('","', '", "')},`);
}

function python(url, request, keyed) {
  return [
    ...(keyed ? ["import os", ""] : []),
    "import httpx",
    "",
    "answer = httpx.post(",
    `    ${JSON.stringify(url)},`,
    "    json={",
    ...fields(request, "        ", JSON.stringify),
    "    },",
    ...(keyed ? [`    headers={"X-API-Key": os.environ["${KEY}"]},`] : []),
    ")",
    "answer.raise_for_status()",
    "print(answer.json())",
    "",
  ].join("\n");
}

function javascript(url, request, keyed) {
  const secret = keyed ? `, "X-API-Key": process.env.${KEY}` : "";
  return [
    `const answer = await fetch(${JSON.stringify(url)}, {`,
    '  method: "POST",',
    `  headers: { "Content-Type": "application/json"${secret} },`,
    "  body: JSON.stringify({",
    ...fields(request, "    ", String),
    "  }),",
    "});",
    "if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);",
    "console.log(await answer.json());",
    "",
  ].join("\n");
}

function go(url, request, keyed) {
  const body = JSON.stringify(request);
  const literal = body.includes("`") ? JSON.stringify(body) : `\`${body}\``;
  return [
    "package main",
    "",
    "import (",
    '\t"io"',
    '\t"log"',
    '\t"net/http"',
    '\t"os"',
    '\t"strings"',
    ")",
    "",
    "func main() {",
    `\tbody := strings.NewReader(${literal})`,
    `\trequest, err := http.NewRequest("POST", ${JSON.stringify(url)}, body)`,
    "\tif err != nil {",
    "\t\tlog.Fatal(err)",
    "\t}",
    '\trequest.Header.Set("Content-Type", "application/json")',
    ...(keyed ? [`\trequest.Header.Set("X-API-Key", os.Getenv("${KEY}"))`] : []),
    "\tanswer, err := http.DefaultClient.Do(request)",
    "\tif err != nil {",
    "\t\tlog.Fatal(err)",
    "\t}",
    "\tdefer answer.Body.Close()",
    "\tif answer.StatusCode != http.StatusOK {",
    "\t\tlog.Print(answer.Status)",
    "\t}",
    "\tif _, err := io.Copy(os.Stdout, answer.Body); err != nil {",
    "\t\tlog.Fatal(err)",
    "\t}",
    "}",
    "",
  ].join("\n");
}
