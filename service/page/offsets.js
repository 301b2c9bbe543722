// Positions of an answer, in the unit that was asked for, as positions in a string of JavaScript (UTF-16 code units).

/** Return a function from a position in `unit` to the position in `text`. One pass, then each call is a look-up. */
export function positionsIn(text, unit) {
  if (unit === "utf16") return (position) => position;
  const places = new Uint32Array(text.length * 3 + 1); // a code unit takes at most three bytes of UTF-8
  let counted = 0;
  for (let place = 0; place < text.length; ) {
    const code = text.codePointAt(place);
    places[counted] = place;
    counted += unit === "utf8" ? bytesOf(code) : 1;
    place += code > 0xffff ? 2 : 1;
  }
  places[counted] = text.length;
  return (position) => places[position];
}

/** Count the code points of a text, as the service's limits do. */
export function codePoints(text) {
  let count = text.length;
  for (let place = 0; place < text.length - 1; place += 1) {
    if (text.charCodeAt(place) >> 10 === 0x36 && text.charCodeAt(place + 1) >> 10 === 0x37) count -= 1;
  }
  return count;
}

function bytesOf(code) {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
