// The page: what happens when.

import { showLimits } from "./about.js";
import { count, offer, pipelineChosen, requestChosen, take } from "./controls.js";
import { byId } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { showProblem } from "./problem.js";
import { showAnswer } from "./results.js";
import { CallFailed, analyze, keepKey, key, listPipelines } from "./service.js";
import { startTips } from "./tip.js";

const REST = 200; // milliseconds without a change of the options after which the text is analysed again

const WIDE = "(min-width: 62rem)"; // as in page.css: the options stand open beside the results

let running = null; // what stops the call in progress
let waiting = 0;

/** Analyse what the form says. Another call in progress is given up. */
async function run() {
  clearTimeout(waiting);
  running?.abort();
  const mine = (running = new AbortController());
  const isCurrent = () => running === mine;
  const request = requestChosen();
  const pipeline = pipelineChosen();
  byId("results").setAttribute("aria-busy", "true");
  byId("stale").hidden = true;
  try {
    const result = await analyze(request, mine.signal);
    if (!isCurrent()) return;
    byId("problem").replaceChildren();
    byId("key-form").hidden = true;
    await showAnswer(request, result, pipeline, isCurrent);
  } catch (error) {
    if (!isCurrent()) return;
    fail(error, run);
  } finally {
    if (isCurrent()) byId("results").setAttribute("aria-busy", "false");
  }
}

/** Analyse again once the options rest. */
function runSoon() {
  clearTimeout(waiting);
  byId("results").setAttribute("aria-busy", "true");
  waiting = setTimeout(run, REST);
}

/** Ask what the service offers, and begin with an example. */
async function start() {
  byId("problem").replaceChildren();
  let offered;
  try {
    offered = await listPipelines();
  } catch (error) {
    fail(error, start);
    return;
  }
  byId("key-form").hidden = true;
  byId("forget-row").hidden = !key();
  offer(offered, runSoon, run);
  byId("limits-body").replaceChildren(...showLimits(offered));
  byId("version").textContent = `Spanwise ${offered.version}`;
  if (byId("text").value) {
    count();
    run();
  } else take(EXAMPLES[0], run);
}

function fail(error, again) {
  if (!(error instanceof CallFailed)) throw error;
  byId("status").replaceChildren();
  byId("sections").replaceChildren();
  if (error.problem.code === "unauthorized") askForKey();
  else byId("problem").replaceChildren(...showProblem(error, again));
}

function askForKey() {
  byId("problem").replaceChildren();
  byId("key-why").textContent = key() ? "The key that was sent is not known." : "";
  byId("key-form").hidden = false;
  byId("key").value = "";
  byId("key").focus();
}

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keepKey(byId("key").value.trim());
  start();
});
byId("forget").addEventListener("click", () => {
  keepKey("");
  byId("forget-row").hidden = true;
  start();
});
byId("controls").addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
byId("text").addEventListener("input", () => {
  count();
  byId("stale").hidden = false;
});

byId("options").open = matchMedia(WIDE).matches;
startTips();
start();
