/** How the service is: asked now and then. */

import { models, readiness } from "../api/client.js";
import { Observable } from "../core/observable.js";
import { modelOf } from "./models.js";

const SECONDS = 15;
const SECONDS_WHILE_OFFLINE = 3;

/** `archive`: whether transcripts stay there, and can be named and searched; `summaries`: and summarised; a service that is away keeps what it had. */
export const serviceState = new Observable({ status: "ready", workers: 0, queue_length: 0, archive: false, summaries: false });

/** @type {Observable<import("./models.js").Model[]>} those that are there first */
export const modelList = new Observable([]);

export async function watchService() {
  const old = serviceState.value;
  const state = { archive: old.archive, summaries: old.summaries, ...(await readiness()) };
  if (["status", "archive", "summaries"].some((name) => state[name] !== old[name])) serviceState.value = state;
  setTimeout(watchService, 1000 * (state.status === "offline" ? SECONDS_WHILE_OFFLINE : SECONDS));
}

/** This is also what asks for a key, where one is wanted. */
export async function loadModels() {
  modelList.value = (await models().catch(() => [])).map(modelOf);
}
