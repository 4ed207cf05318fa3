/** Sends a recording: a short one at once, a long one in pieces. */

import { exchange } from "./exchange.js";
import { idOf, LONG_BYTES, sendPieces } from "./pieces.js";
import { Problem } from "./problem.js";

/**
 * @typedef {object} Upload
 * @property {Blob | null} content null: all of it is there already, or `fields` tell where it is
 * @property {string} name
 * @property {Record<string, string>} fields options of the task
 * @property {string} idempotencyKey the same for each try of this recording
 * @property {string} [address] where an earlier try sent a part of it
 * @property {boolean} [live] it was sent while it was recorded
 * @property {(address: string) => void} onBegin where the parts go
 * @property {() => void} onKept a part is there, and will not be sent again
 * @property {(part: number) => void} onProgress from 0 to 1
 * @property {AbortSignal} signal
 */

/** @param {Upload} upload @returns {Promise<{task_id: string, status: string}>} Raises Problem. */
export async function upload(upload) {
  const { content, name, fields, idempotencyKey, address, onProgress, signal } = upload;
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  const inPieces = Boolean(address) || (content?.size ?? 0) >= LONG_BYTES;
  const id = inPieces && (content ? await sendPieces(upload) : idOf(address));
  if (!inPieces && content) form.append("file", content, name);
  const answer = await exchange({
    method: "POST",
    path: inPieces ? `/transcribe/?upload=${id}` : "/transcribe/",
    headers: { "Idempotency-Key": idempotencyKey },
    body: form,
    onSent: inPieces ? undefined : onProgress,
    signal,
  });
  try {
    return JSON.parse(answer.responseText);
  } catch {
    throw new Problem({ status: answer.status, code: "unexpected" });
  }
}
