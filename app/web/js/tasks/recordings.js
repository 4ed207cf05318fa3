/** Recordings that this browser keeps, to play them: the newest, up to a limit, in IndexedDB. */

import { createStore, del, get, keys, set } from "../../vendor/idb-keyval.mjs";
import { entryOf, history, updateEntry } from "./history.js";

export const LIMIT_BYTES = 500 * 2 ** 20;
export const LARGEST_BYTES = 250 * 2 ** 20;

const store = createStore("transcriber-recordings", "recordings");

export const usedBytes = () => history.value.reduce((sum, entry) => sum + (entry.recording_bytes || 0), 0);

/** Keeps a recording; the oldest go for it. @param {string} key @param {Blob} content */
export async function keepRecording(key, content) {
  if (content.size > LARGEST_BYTES) return;
  for (const entry of [...history.value].reverse()) {
    if (usedBytes() + content.size <= LIMIT_BYTES) break;
    if (entry.recording_bytes) await forgetRecording(entry.key);
  }
  try {
    await set(key, content, store);
    if (entryOf(key)) updateEntry(key, { recording_bytes: content.size });
    else await del(key, store); // removed meanwhile
  } catch {
    // The browser has no room, or keeps nothing in a private window.
  }
}

/** @param {string} key @returns {Promise<Blob | null>} */
export async function recordingOf(key) {
  try {
    return (await get(key, store)) ?? null;
  } catch {
    return null;
  }
}

/** @param {string} key */
export async function forgetRecording(key) {
  updateEntry(key, { recording_bytes: 0 });
  await del(key, store).catch(() => undefined);
}

export async function forgetAllRecordings() {
  for (const entry of history.value) if (entry.recording_bytes) await forgetRecording(entry.key);
}

/** Removes what no entry of the history owns any more. */
export async function sweepRecordings() {
  const kept = await keys(store).catch(() => []);
  for (const key of kept) if (!entryOf(String(key))) await del(key, store).catch(() => undefined);
}
