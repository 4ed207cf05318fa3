/** The operator's figures over time, as long as the page is open. */

const KEPT = 300; // ten minutes
const WINDOW_SECONDS = 60;

/** @typedef {{at: number, waiting: number, oldest: number, running: number, pace: number, failed: number}} Sample */

const number = (value) => (Number.isFinite(value) ? value : 0);

export class Figures {
  /** @type {Sample[]} */
  samples = [];
  /** @type {{at: number, audio: number, failed: number}[]} */
  _totals = [];

  /** @param {any} overview @param {number} at seconds */
  add({ queue = {}, totals = {} }, at) {
    this._totals.push({ at, audio: number(totals.audio_seconds), failed: number(totals.tasks_failed) });
    while (this._totals.length > 2 && this._totals[1].at <= at - WINDOW_SECONDS) this._totals.shift();
    const [first, last] = [this._totals[0], this._totals.at(-1)];
    const passed = last.at - first.at;
    this.samples.push({
      at,
      waiting: number(queue.waiting) + number(queue.high),
      oldest: number(queue.oldest_seconds),
      running: number(queue.running),
      pace: passed > 0 ? Math.max(0, last.audio - first.audio) / passed : 0, // hours an hour
      failed: Math.max(0, last.failed - first.failed),
    });
    this.samples = this.samples.slice(-KEPT);
  }
}
