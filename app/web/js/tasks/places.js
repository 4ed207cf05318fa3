/** Where people were in a transcript: second of the recording, and the first segment that they saw. */

import { read, write } from "../core/storage.js";

const START = "place.";

/** @typedef {{time: number, segment: number, top: number}} Place `top`: of the segment, in pixels of the window */

/** @param {string} key of an entry @returns {Place} */
export function placeOf(key) {
  const { time, segment, top } = read(START + key, null) ?? {};
  const finite = (number) => (Number.isFinite(number) ? number : 0);
  return { time: finite(time), segment: Number.isInteger(segment) ? segment : 0, top: finite(top) };
}

/** @param {string} key @param {Place | null} place null: nothing is kept */
export const keepPlace = (key, place) => write(START + key, place?.time || place?.segment ? place : null);
