/**
 * Follows the tasks that have not ended. Browsers open six connections to a host: two are streams of events, for
 * the tasks that are nearest to their end; all others are asked in turn.
 */

import { taskState } from "../api/client.js";
import { follow } from "../api/events.js";
import { backoff, pause } from "../core/pause.js";
import { entryOf, history, isOpen, updateEntry } from "./history.js";
import { applyEvent, applyState } from "./states.js";

const STREAMS = 2;
const POLL_SECONDS = 2;
/** So many connections that bring nothing, and a task is asked instead. */
const FAILURES_BEFORE_POLLING = 3;

/** @type {Map<string, AbortController>} */
const streams = new Map();
let polling = false;

export function startFollowing() {
  history.listen(schedule);
  schedule();
}

function schedule() {
  const open = history.value.filter((entry) => isOpen(entry) && entry.task_id);
  const keys = new Set(open.map((entry) => entry.key));
  for (const [key, controller] of streams) {
    if (!keys.has(key)) {
      streams.delete(key);
      controller.abort();
    }
  }
  const rank = (entry) => (entry.phase === "processing" ? 0 : 1);
  const next = open
    .filter((entry) => !streams.has(entry.key))
    .sort((one, other) => rank(one) - rank(other) || one.created_at - other.created_at);
  for (const entry of next.slice(0, STREAMS - streams.size)) {
    const controller = new AbortController();
    streams.set(entry.key, controller);
    stream(entry.key, controller.signal).finally(() => {
      if (streams.get(entry.key) === controller) streams.delete(entry.key);
      if (!controller.signal.aborted) schedule();
    });
  }
  if (open.length > streams.size && !polling) poll();
}

/** @param {string} key @param {AbortSignal} signal */
async function stream(key, signal) {
  let after;
  let failures = 0;
  for (let entry = entryOf(key); entry && isOpen(entry) && !signal.aborted; entry = entryOf(key)) {
    try {
      const onEvent = (event) => {
        failures = 0;
        after = event.id || after;
        applyEvent(key, event);
      };
      if (failures < FAILURES_BEFORE_POLLING) await follow(entry.task_id, { after, signal, onEvent });
      else await ask(key, signal);
      if (!stillOpen(key)) return;
      failures += failures < FAILURES_BEFORE_POLLING ? 1 : 0;
    } catch (problem) {
      if (signal.aborted) return;
      if (problem.status === 401) return void updateEntry(key, { waiting: true });
      if (ended(key, problem)) return;
      failures += 1;
      updateEntry(key, { waiting: true });
    }
    await pause(failures ? backoff(Math.min(failures, 3)) : POLL_SECONDS, signal).catch(() => undefined);
  }
}

const stillOpen = (key) => {
  const entry = entryOf(key);
  return entry !== undefined && isOpen(entry);
};

/** @param {string} key @param {AbortSignal} [signal] */
async function ask(key, signal) {
  applyState(key, await taskState(entryOf(key).task_id, signal));
}

function ended(key, problem) {
  if (problem.status !== 404) return false;
  updateEntry(key, { phase: "gone" });
  return true;
}

async function poll() {
  polling = true;
  for (let rest = unstreamed(); rest.length; rest = unstreamed()) {
    for (const { key } of rest) {
      if (!streams.has(key) && stillOpen(key)) await ask(key).catch((problem) => ended(key, problem));
      await pause(POLL_SECONDS / Math.min(rest.length, 4));
    }
  }
  polling = false;
}

const unstreamed = () => history.value.filter((each) => isOpen(each) && each.task_id && !streams.has(each.key));
