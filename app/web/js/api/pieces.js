/** A recording in pieces: where the line breaks it goes on from there (tus 1.0.0). */

import { deleteTask } from "./client.js";
import { exchange } from "./exchange.js";
import { Problem } from "./problem.js";

/** A recording of at least this length goes in pieces; a shorter one is soon sent again. */
export const LONG_BYTES = 8 * 2 ** 20;
const PIECE_BYTES = 4 * 2 ** 20;

const VERSION = { "Tus-Resumable": "1.0.0" };

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/**
 * Begins an upload. Its length may come later; with `transcribe` it becomes a task with these options even if
 * this page is closed.
 * @param {{name: string, type: string, length?: number, transcribe?: Record<string, string>, signal?: AbortSignal}} told
 * @returns {Promise<string>} its address
 */
export async function begin({ name, type, length, transcribe, signal }) {
  const metadata = { filename: name, filetype: type, ...(transcribe && { transcribe: JSON.stringify(transcribe) }) };
  const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${base64(value)}`);
  const size = length === undefined ? { "Upload-Defer-Length": "1" } : { "Upload-Length": String(length) };
  const headers = { ...VERSION, ...size, "Upload-Metadata": pairs.join(",") };
  const answer = await exchange({ method: "POST", path: "/uploads/", headers, signal });
  return `/uploads/${idOf(answer.getResponseHeader("Location") ?? "")}`;
}

/** @param {string} address @param {AbortSignal} [signal] @returns {Promise<number | null>} null: it is gone */
export async function offsetOf(address, signal) {
  try {
    const answer = await exchange({ method: "HEAD", path: address, headers: VERSION, signal });
    return Number(answer.getResponseHeader("Upload-Offset"));
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return null;
    throw problem;
  }
}

/**
 * @param {string} address
 * @param {number} offset where it begins
 * @param {Blob} piece
 * @param {{length?: number, onSent?: (part: number) => void, signal?: AbortSignal}} [more] length of the whole
 * @returns {Promise<number>} where the next one begins
 */
export async function sendPiece(address, offset, piece, { length, onSent, signal } = {}) {
  const headers = {
    ...VERSION,
    "Content-Type": "application/offset+octet-stream",
    "Upload-Offset": String(offset),
    ...(length !== undefined && { "Upload-Length": String(length) }),
  };
  const answer = await exchange({ method: "PATCH", path: address, headers, body: piece, onSent, signal });
  return Number(answer.getResponseHeader("Upload-Offset"));
}

/** @param {string} address */
export const giveUp = (address) => exchange({ method: "DELETE", path: address, headers: VERSION });

/** @param {string} address */
export const idOf = (address) => address.slice(address.lastIndexOf("/") + 1);

/**
 * Sends all that the service does not have yet.
 * @param {{content: Blob, name: string, address?: string, onBegin: (address: string) => void,
 *   onKept: () => void, onProgress: (part: number) => void, signal: AbortSignal}} upload
 * @returns {Promise<string>} the id under which the service has it. Raises Problem.
 */
export async function sendPieces(upload) {
  const { content, name, onBegin, onKept, onProgress, signal } = upload;
  const length = content.size;
  let address = upload.address;
  let offset = address ? await offsetOf(address, signal) : null;
  while (offset === null || offset < length) {
    if (offset === null) {
      address = await begin({ name, type: content.type, length, signal });
      onBegin(address);
      offset = 0;
    }
    const from = offset;
    const piece = content.slice(from, from + PIECE_BYTES);
    const onSent = (part) => onProgress((from + part * piece.size) / length);
    try {
      offset = await sendPiece(address, from, piece, { length, onSent, signal });
      onKept();
    } catch (problem) {
      offset = await afterProblem(problem, address, signal);
    }
  }
  return idOf(address);
}

/** Where to go on; null: from the beginning. Raises Problem. */
async function afterProblem(problem, address, signal) {
  if (problem?.code === "offset_conflict") return offsetOf(address, signal);
  if (problem?.code !== "upload_taken") throw problem;
  // What had come by then became a task, as if this page had been closed; the whole takes its place.
  if (problem.taskId) await deleteTask(problem.taskId).catch(() => undefined);
  return null;
}
