/** One connection to a task's server-sent events. EventSource could not send a key. */

import { createParser } from "../../vendor/eventsource-parser.mjs";
import { request } from "./client.js";
import { Problem } from "./problem.js";

/** The service speaks at least every 15 s; a connection that is silent for longer is dead, or held by a proxy. */
const LONGEST_SILENCE_SECONDS = 40;

/** @typedef {{event: string, id: string | undefined, data: any}} TaskEvent */

/**
 * @param {string} taskId
 * @param {{after: string | undefined, signal: AbortSignal, onEvent: (event: TaskEvent) => void}} how
 * @returns {Promise<void>} when the connection has ended. Raises Problem.
 */
export async function follow(taskId, { after, signal, onEvent }) {
  const silence = new AbortController();
  const either = AbortSignal.any([signal, silence.signal]);
  let timer = setTimeout(() => silence.abort(), LONGEST_SILENCE_SECONDS * 1000);
  try {
    const response = await request(`/transcribe/${encodeURIComponent(taskId)}/events`, {
      signal: either,
      headers: { Accept: "text/event-stream", ...(after ? { "Last-Event-ID": after } : {}) },
    });
    const parser = createParser({ onEvent: (event) => onEvent(read(event)) });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), LONGEST_SILENCE_SECONDS * 1000);
      parser.feed(part.value);
    }
  } catch (error) {
    if (signal.aborted || error instanceof Problem) throw error;
    throw new Problem({});
  } finally {
    clearTimeout(timer);
  }
}

/** @returns {TaskEvent} */
function read({ event = "message", id, data }) {
  try {
    return { event, id, data: JSON.parse(data) };
  } catch {
    return { event: "message", id, data: {} };
  }
}
