// The form: what there is to choose comes from `/v1/pipelines`, and what was chosen becomes a request.

import { byId, make } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { codePoints } from "./offsets.js";
import { FEATURES, TICKED, languageName, number, pipelineFor, requestOf } from "./request.js";

let pipelines = [];
let limits = {};
const ticks = new Map(); // of features that were ticked or unticked by hand, by any pipeline

/** Offer what the service offers. `changed()` is called when an option changes, and `chosen()` for an example. */
export function offer(offered, changed, chosen) {
  pipelines = offered.pipelines;
  limits = offered.limits;
  const languages = [...new Set(pipelines.map(({ language }) => language))];
  const detects = pipelines.some(({ features }) => features.includes("language"));
  byId("language").replaceChildren(
    option("", "not named"),
    ...(detects ? [option("auto", "detect it")] : []),
    ...languages.map((code) => option(code, languageName(code))),
  );
  byId("pipeline").replaceChildren(option("", "chosen by language"), ...pipelines.map(({ name, version }) => option(name, `${name} ${version}`)));
  byId("examples").replaceChildren(
    ...EXAMPLES.map((example) => make("button", { type: "button", onclick: () => take(example, chosen) }, example.name)),
  );
  byId("language").onchange = () => {
    const named = pipelines.find(({ name }) => name === byId("pipeline").value);
    if (named && byId("language").value !== named.language) byId("pipeline").value = "";
    offerFeatures(changed);
    changed();
  };
  byId("pipeline").onchange = () => {
    byId("language").value = "";
    offerFeatures(changed);
    changed();
  };
  byId("offsets").onchange = changed;
  byId("min-confidence").oninput = () => {
    showConfidence();
    changed();
  };
  offerFeatures(changed);
}

/** Put an example into the form. */
export function take({ text, ticks: wanted = [] }, chosen) {
  byId("text").value = text;
  for (const feature of wanted) ticks.set(feature, true);
  offerFeatures(chosen);
  count();
  chosen();
}

/** Return the pipeline that will serve the request, as far as the form can tell. */
export function pipelineChosen() {
  return pipelineFor(pipelines, { pipeline: byId("pipeline").value, language: byId("language").value });
}

/** Return the request that the form describes. */
export function requestChosen() {
  return requestOf({
    text: byId("text").value,
    features: [...document.querySelectorAll("#features input:checked")].map(({ value }) => value),
    language: byId("language").value,
    pipeline: byId("pipeline").value,
    offsets: byId("offsets").value,
    minConfidence: byId("min-confidence").disabled ? 0 : Number(byId("min-confidence").value),
  });
}

/** Say how long the text is. */
export function count() {
  const length = codePoints(byId("text").value);
  const limit = limits.max_text_characters;
  byId("count").textContent = `${number(length)}${limit ? ` of ${number(limit)}` : ""} characters`;
  byId("count").classList.toggle("over", length > limit);
}

function offerFeatures(changed) {
  const pipeline = pipelineChosen();
  const known = Object.keys(FEATURES).filter((feature) => pipeline.features.includes(feature));
  const unknown = pipeline.features.filter((feature) => !(feature in FEATURES));
  byId("features").replaceChildren(
    ...[...known, ...unknown].map((feature) => {
      const box = make("input", { type: "checkbox", value: feature, id: `feature-${feature}` });
      box.checked = ticks.get(feature) ?? TICKED.has(feature);
      box.onchange = () => {
        ticks.set(feature, box.checked);
        changed();
      };
      return make("label", { for: box.id }, box, FEATURES[feature] ?? feature);
    }),
  );
  const calibrated = pipeline.calibrated;
  byId("min-confidence").disabled = !calibrated;
  byId("confidence-note").textContent = calibrated
    ? `Calibrated on ${number(calibrated.texts)} texts; ${(calibrated.error * 100).toFixed(1)} points off on average.`
    : "This pipeline’s entities have no confidence: nothing was calibrated for it.";
  const engine = pipeline.engine === "compiled" ? "compiled kernels" : "spaCy’s own engine";
  byId("pipeline-note").textContent = `${pipeline.name} ${pipeline.version}: ${languageName(pipeline.language)}, ${engine}, licence ${pipeline.licence}.`;
  showConfidence();
}

function showConfidence() {
  const value = Number(byId("min-confidence").value);
  byId("confidence-value").textContent = value ? `${Math.round(value * 100)} %` : "any";
}

function option(value, name) {
  return make("option", { value }, name);
}
