/** Sends recordings, two at a time, until the service has taken them; a reload takes them up again. */

import { Problem } from "../api/problem.js";
import { giveUp } from "../api/pieces.js";
import { upload } from "../api/upload.js";
import { backoff, pause } from "../core/pause.js";
import { read, write } from "../core/storage.js";
import { addEntry, entryOf, history, updateEntry } from "./history.js";
import { keepRecording, recordingOf } from "./recordings.js";

const AT_A_TIME = 2;
const IN_PROGRESS = "request_in_progress";
/** So many times the service says that it is still taking an earlier try, each after half a minute, and it is told. */
const MOST_IN_PROGRESS = 5;
const ABANDONED = "abandoned";

/** @type {{key: string, content: Blob | null}[]} */
const waiting = [];
/** @type {Map<string, AbortController>} */
const running = new Map();

/**
 * @param {Blob} content
 * @param {string} name
 * @param {Record<string, string>} options
 * @param {string | null} [upload] where a part of it is already: it was sent while it was recorded
 */
export function send(content, name, options, upload = null) {
  const entry = addEntry({ name, size: content.size, options, upload, live: upload !== null });
  start(entry.key, content);
  keepRecording(entry.key, content);
  return entry.key;
}

/** Has the service fetch a recording. @param {string} url @param {Record<string, string>} options */
export function sendAddress(url, options) {
  start(addEntry({ name: lastPartOf(url) || url, options: { ...options, url } }).key, null);
}

/** @param {string} url @returns {string} */
function lastPartOf(url) {
  const part = new URL(url).pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a % that stands for nothing
  }
}

/**
 * Transcribes a recording once more: that which the service keeps, else that of this browser.
 * @param {import("./history.js").Entry} entry of the earlier task @param {Record<string, string>} options
 * @returns {string} key of the new entry
 */
export function sendVersion({ key, task_id: taskId, again_of: first, duration, name, size, sound = key }, options) {
  const given = { name, size, duration, sound, again_of: first ?? taskId, options: { ...options, again_of: taskId } };
  const entry = addEntry(given);
  start(entry.key, null);
  return entry.key;
}

/** Whether the service finds the recording of an entry by itself. @param {import("./history.js").Entry} entry */
export const isElsewhere = ({ options }) => Boolean(options.url || options.again_of);

/** Makes a task of what the service has of a recording whose page was closed. */
export function sendRest({ name, options, address }) {
  start(addEntry({ name, options, upload: address, left: true }).key, null);
}

/**
 * Sends the recording of an entry once more, as a new task; what the service may still be taking, as the same.
 * @returns {Promise<boolean>} false: it is not here
 */
export async function sendAgain(key) {
  const content = await recordingOf(key);
  if (!content && !isElsewhere(entryOf(key))) return false;
  const { task_id: taskId, upload: there, error } = entryOf(key) ?? {};
  if (error?.code !== IN_PROGRESS) {
    if (!taskId) abandon(there);
    updateEntry(key, { attempt: `${key}-${Date.now()}`, upload: null });
  }
  updateEntry(key, { phase: "sending", task_id: null, error: null, text: "", preview: "", sent: 0, progress: 0 });
  start(key, content);
  return true;
}

/** Goes on with what was not sent when the page was closed. */
export async function resumeSending() {
  await giveUpAbandoned();
  for (const entry of history.value.filter(({ key, phase }) => phase === "sending" && !running.has(key))) {
    const { key, left, live, upload: there } = entry;
    const content = await recordingOf(key);
    if (content || left || (live && there) || isElsewhere(entry)) start(key, content);
    else fail(key, { code: "interrupted", message: "" });
  }
}

/** What the service has of it is given up. @param {string} key */
export function stopSending(key) {
  const place = waiting.findIndex((each) => each.key === key);
  if (place >= 0) waiting.splice(place, 1);
  running.get(key)?.abort();
  const { task_id: taskId, upload: there } = entryOf(key) ?? {};
  if (!taskId) abandon(there);
}

/** Gives an upload up; where the service is away, later: else it would become a task. @param {string | null} [address] */
export function abandon(address) {
  if (!address) return;
  write(ABANDONED, [...read(ABANDONED, []), address]);
  giveUpAbandoned();
}

async function giveUpAbandoned() {
  for (const address of read(ABANDONED, [])) {
    const isGone = await giveUp(address).then(() => true, () => false);
    if (isGone) write(ABANDONED, read(ABANDONED, []).filter((each) => each !== address));
  }
}

addEventListener("online", giveUpAbandoned);

function start(key, content) {
  waiting.push({ key, content });
  next();
}

function next() {
  while (running.size < AT_A_TIME && waiting.length) {
    const job = waiting.shift();
    const controller = new AbortController();
    running.set(job.key, controller);
    alone(job.key, () => run(job, controller.signal)).finally(() => {
      running.delete(job.key);
      next();
    });
  }
}

/** Unless another tab of this page is at it; where that cannot be told, as without HTTPS, at once. */
function alone(key, work) {
  if (!navigator.locks) return work();
  return navigator.locks.request(`send.${key}`, { ifAvailable: true }, (lock) => (lock ? work() : undefined));
}

async function run({ key, content }, signal) {
  const { name, options, live, attempt = key, sound } = entryOf(key) ?? {};
  let failures = 0;
  let inProgress = 0;
  const told = {
    onBegin: (address) => updateEntry(key, { upload: address }),
    onKept: () => (failures = 0),
    onProgress: (sent) => updateEntry(key, { sent, waiting: false }),
  };
  while (entryOf(key)) {
    try {
      const address = entryOf(key).upload ?? undefined;
      const accepted = await upload({ content, name, fields: options, idempotencyKey: attempt, address, live, signal, ...told });
      updateEntry(key, { task_id: accepted.task_id, phase: "queued", waiting: false, waiting_for: null });
      return;
    } catch (problem) {
      if (signal.aborted) return;
      if (!content && problem.code === "recording_gone" && (content = await recordingOf(sound))) continue;
      const mayPass = problem.passes || (problem.code === IN_PROGRESS && (inProgress += 1) <= MOST_IN_PROGRESS);
      if (!(problem instanceof Problem) || !mayPass) {
        return fail(key, { code: problem.code ?? "unexpected", message: problem.detail ?? String(problem) });
      }
      failures += 1;
      updateEntry(key, { waiting: true, waiting_for: problem.status ? { code: problem.code, detail: problem.detail } : null, sent: 0 });
      await pause(Math.min(60, problem.retryAfter || backoff(failures)), signal).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}

function fail(key, error) {
  updateEntry(key, { phase: "error", error, waiting: false });
}
