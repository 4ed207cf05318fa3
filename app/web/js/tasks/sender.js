/** Sends recordings, two at a time, until the service has taken them; a reload takes them up again. */

import { Problem } from "../api/problem.js";
import { upload } from "../api/upload.js";
import { backoff, pause } from "../core/pause.js";
import { addEntry, entryOf, history, updateEntry } from "./history.js";
import { keepRecording, recordingOf } from "./recordings.js";

const AT_A_TIME = 2;

/** @type {{key: string, content: Blob | null}[]} */
const waiting = [];
/** @type {Map<string, AbortController>} */
const running = new Map();

/**
 * @param {Blob} content
 * @param {string} name
 * @param {Record<string, string>} options
 * @param {string | null} [upload] where a part of it is already
 */
export function send(content, name, options, upload = null) {
  const entry = addEntry({ name, size: content.size, options, upload });
  start(entry.key, content);
  keepRecording(entry.key, content);
  return entry.key;
}

/** Makes a task of what the service has of a recording whose page was closed. */
export function sendRest({ name, options, address }) {
  start(addEntry({ name, options, upload: address, left: true }).key, null);
}

/** Sends the recording of an entry once more, as a new task. @returns {Promise<boolean>} false: it is not here */
export async function sendAgain(key) {
  const content = await recordingOf(key);
  if (!content) return false;
  const attempt = `${key}-${Date.now()}`;
  updateEntry(key, { phase: "sending", attempt, upload: null, task_id: null, error: null, text: "", preview: "", sent: 0, progress: 0 });
  start(key, content);
  return true;
}

/** Goes on with what was not sent when the page was closed. */
export async function resumeSending() {
  for (const { key, left } of history.value.filter((entry) => entry.phase === "sending" && !running.has(entry.key))) {
    const content = await recordingOf(key);
    if (content || left) start(key, content);
    else fail(key, { code: "interrupted", message: "" });
  }
}

/** @param {string} key */
export function stopSending(key) {
  const place = waiting.findIndex((each) => each.key === key);
  if (place >= 0) waiting.splice(place, 1);
  running.get(key)?.abort();
}

function start(key, content) {
  waiting.push({ key, content });
  next();
}

function next() {
  while (running.size < AT_A_TIME && waiting.length) {
    const job = waiting.shift();
    const controller = new AbortController();
    running.set(job.key, controller);
    run(job, controller.signal).finally(() => {
      running.delete(job.key);
      next();
    });
  }
}

async function run({ key, content }, signal) {
  const { name, options, attempt = key } = entryOf(key) ?? {};
  let failures = 0;
  const told = {
    onBegin: (address) => updateEntry(key, { upload: address }),
    onKept: () => (failures = 0),
    onProgress: (sent) => updateEntry(key, { sent, waiting: false }),
  };
  while (entryOf(key)) {
    try {
      const address = entryOf(key).upload ?? undefined;
      const accepted = await upload({ content, name, fields: options, idempotencyKey: attempt, address, signal, ...told });
      updateEntry(key, { task_id: accepted.task_id, phase: "queued", waiting: false });
      return;
    } catch (problem) {
      if (signal.aborted) return;
      if (!(problem instanceof Problem) || !problem.passes) {
        return fail(key, { code: problem.code ?? "unexpected", message: problem.detail ?? String(problem) });
      }
      failures += 1;
      updateEntry(key, { waiting: true, sent: 0 });
      await pause(Math.min(60, problem.retryAfter || backoff(failures)), signal).catch(() => undefined);
      if (signal.aborted) return;
    }
  }
}

function fail(key, error) {
  updateEntry(key, { phase: "error", error, waiting: false });
}
