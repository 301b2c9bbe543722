// A hue for each label: labels of one kind, such as places, have neighbouring hues.

const KNOWN = {
  PERSON: 40, PER: 40, NORP: 20, ORG: 265, PRODUCT: 300, WORK_OF_ART: 325, EVENT: 345, LAW: 285, LANGUAGE: 5, MISC: 315,
  GPE: 150, LOC: 165, FAC: 180, DATE: 215, TIME: 232,
  MONEY: 95, PERCENT: 110, QUANTITY: 122, CARDINAL: 80, ORDINAL: 65,
};
const GOLDEN_ANGLE = 137.508; // consecutive labels differ as much as any number of them can

const given = new Map();

/** Return the hue of a label, in degrees. The same label always has the same one. */
export function hueOf(label) {
  if (label in KNOWN) return KNOWN[label];
  if (!given.has(label)) given.set(label, Math.round((given.size * GOLDEN_ANGLE + 250) % 360));
  return given.get(label);
}
