/** Where people were in a transcript: second of the recording, and the segment at the top of the window. */

import { read, write } from "../core/storage.js";

const START = "place.";

/** @typedef {{time: number, segment: number}} Place */

/** @param {string} key of an entry @returns {Place} */
export function placeOf(key) {
  const { time, segment } = read(START + key, null) ?? {};
  return { time: Number.isFinite(time) ? time : 0, segment: Number.isInteger(segment) ? segment : 0 };
}

/** @param {string} key @param {Place | null} place null: nothing is kept */
export const keepPlace = (key, place) => write(START + key, place?.time || place?.segment ? place : null);
