/** A recording goes to the service while it is made: a page that is closed in the middle loses nothing. */

import { begin, giveUp, offsetOf, sendPiece } from "../api/pieces.js";
import { names, read, write } from "../core/storage.js";
import { sendRest } from "./sender.js";

const SECONDS = 3;
const START = "live.";

/** One of them. What fails is tried again; in the end the page has all of it, and sends what is missing. */
export class LiveUpload {
  /** @type {string | null} */
  address = null;
  #offset = 0;
  #busy = Promise.resolve();

  /** @param {string} name @param {string} type @param {Record<string, string>} options @param {Blob[]} parts so far, and growing */
  constructor(name, type, options, parts) {
    this.name = name;
    this.type = type;
    this.options = options;
    this.parts = parts;
    this.key = START + crypto.randomUUID();
    this.ended = new AbortController();
    const held = new Promise((resolve) => this.ended.signal.addEventListener("abort", resolve, { once: true }));
    navigator.locks?.request(this.key, () => held); // another tab sees that this one is alive
    this.timer = setInterval(() => (this.#busy = this.#busy.then(() => this.#send())), SECONDS * 1000);
  }

  /** No more is sent. @returns {Promise<string | null>} where the rest goes */
  async stop() {
    clearInterval(this.timer);
    this.ended.abort();
    await this.#busy;
    write(this.key, null);
    return this.address;
  }

  async discard() {
    const address = await this.stop();
    if (address) await giveUp(address).catch(() => undefined);
  }

  async #send() {
    if (this.ended.signal.aborted || !this.parts.length) return;
    const { signal } = this.ended;
    try {
      if (this.address === null) {
        const { name, type, options } = this;
        this.address = await begin({ name, type, transcribe: options, signal });
        write(this.key, { name, options, address: this.address });
      }
      this.#offset ??= await offsetOf(this.address, signal);
      const content = new Blob(this.parts);
      if (this.#offset !== null && content.size > this.#offset) {
        this.#offset = await sendPiece(this.address, this.#offset, content.slice(this.#offset), { signal });
      }
    } catch {
      this.#offset = null;
    }
  }
}

/** Recordings whose page was closed: what came of them becomes a task of this browser. */
export async function takeUpLeft() {
  for (const key of names(START)) {
    await navigator.locks?.request(key, { ifAvailable: true }, async (lock) => {
      const left = lock && read(key, null);
      if (!left?.address) return;
      write(key, null);
      sendRest(left);
    });
  }
}
