/** Corrections of transcripts: kept at the service for every browser, and here, also while it is away. */

import { corrections, saveCorrections } from "../api/client.js";
import { Problem } from "../api/problem.js";
import { createStore, del, get, set } from "../../vendor/idb-keyval.mjs";
import { Observable } from "../core/observable.js";
import { isChanged, unchanged } from "../transcript/speakers.js";
import { equal, rebased } from "../transcript/three_way.js";

const SAVE_AFTER_SECONDS = 0.7;
const TRY_AGAIN_SECONDS = 15;

const store = createStore("transcriber-edits", "edits");
const MOST_STEPS = 500;

/** @typedef {import("../transcript/speakers.js").Changes} Changes */
/**
 * @typedef {{index: number, before: string, after: string} | {speakers: {before: Changes, after: Changes}}} Step
 *   a segment of which the text has changed, or all that was changed of speakers
 */
/** @typedef {{texts: Record<number, string>, speakers: Changes, undo: Step[], redo: Step[]}} Corrections */

/** @returns {Corrections} */
const none = () => ({ texts: {}, speakers: unchanged(), undo: [], redo: [] });

const nothingSaved = () => ({ version: '"0"', texts: {}, speakers: unchanged() });

/** The corrections of one transcript. @extends {Observable<Corrections>} */
export class Edits extends Observable {
  /** Whether the service has all of them. */
  synced = new Observable(false);

  /** @param {string} key ours of the task @param {string} taskId @param {Corrections & {saved?: object}} kept */
  constructor(key, taskId, { saved = nothingSaved(), ...kept }) {
    super({ ...none(), ...kept });
    this._key = key;
    this._taskId = taskId;
    this._saved = saved; // what the service had when we last saw it
    this._syncing = Promise.resolve();
    this._ended = new AbortController();
    addEventListener("focus", () => this.sync(), { signal: this._ended.signal });
    addEventListener("online", () => this.sync(), { signal: this._ended.signal });
  }

  /** Those of here with those of the service; where it is away, only those. @param {string} key @param {string} taskId */
  static async load(key, taskId) {
    const kept = await get(key, store).catch(() => undefined);
    const edits = new Edits(key, taskId, kept ?? {});
    await edits.sync();
    return edits;
  }

  /** The service is told what is new here, and we what is new there. Never raises. */
  sync() {
    return (this._syncing = this._syncing.then(() => this._sync()));
  }

  close() {
    this._ended.abort();
    clearTimeout(this._timer);
    if (!this.synced.value) this.sync();
  }

  async _sync() {
    if (this._isOff) return;
    try {
      while (!(await this._exchange()));
      this.synced.value = true;
    } catch (problem) {
      // A service without an archive, or an older one; else it is tried again when there is something new.
      this._isOff = problem instanceof Problem && problem.status === 404;
      this.synced.value = false;
      if (!this._isOff && !this._ended.signal.aborted) this._timer = setTimeout(() => this.sync(), TRY_AGAIN_SECONDS * 1000);
    }
  }

  /** @returns {Promise<boolean>} false: another browser was faster, or something has changed here meanwhile */
  async _exchange() {
    const { version, ...theirs } = await corrections(this._taskId);
    const both = rebased(this._saved, this.value, theirs);
    if (!equal(both, this.value)) this._keep({ ...this.value, ...both });
    this._saved = { version, ...theirs };
    if (equal(both, theirs)) return true;
    try {
      const { texts, speakers } = both;
      this._saved = { version: await saveCorrections(this._taskId, { texts, speakers }, version), texts, speakers };
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 412) return false;
      throw problem;
    }
    this._keep(this.value);
    return equal(this._saved, this.value);
  }

  get isEdited() {
    return Object.keys(this.value.texts).length > 0 || isChanged(this.value.speakers);
  }

  /** @param {number} index of a segment @param {string} original */
  textOf(index, original) {
    return this.value.texts[index] ?? original;
  }

  /** @param {number} index @param {string} after @param {string} original */
  change(index, after, original) {
    const before = this.textOf(index, original);
    if (after === before) return;
    const undo = [...this.value.undo, { index, before, after }].slice(-MOST_STEPS);
    this._become({ ...this.value, texts: this._with(index, after, original), undo, redo: [] });
  }

  /** @param {Changes} after */
  changeSpeakers(after) {
    const step = { speakers: { before: this.value.speakers, after } };
    this._become({ ...this.value, speakers: after, undo: [...this.value.undo, step].slice(-MOST_STEPS), redo: [] });
  }

  /** @param {(index: number) => string} originalOf @returns {number | null} the segment that has changed; -1: speakers have */
  undo(originalOf) {
    const step = this.value.undo.at(-1);
    if (!step) return null;
    this._become({ ...this._at(step, "before", originalOf), undo: this.value.undo.slice(0, -1), redo: [...this.value.redo, step] });
    return step.index ?? -1;
  }

  /** @param {(index: number) => string} originalOf @returns {number | null} */
  redo(originalOf) {
    const step = this.value.redo.at(-1);
    if (!step) return null;
    this._become({ ...this._at(step, "after", originalOf), undo: [...this.value.undo, step], redo: this.value.redo.slice(0, -1) });
    return step.index ?? -1;
  }

  /** @param {Step} step @param {"before" | "after"} side */
  _at(step, side, originalOf) {
    if (step.speakers) return { ...this.value, speakers: step.speakers[side] };
    return { ...this.value, texts: this._with(step.index, step[side], originalOf(step.index)) };
  }

  _with(index, text, original) {
    const texts = { ...this.value.texts, [index]: text };
    if (text === original) delete texts[index];
    return texts;
  }

  _become(corrections) {
    this._keep(corrections);
    this.synced.value = false;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.sync(), SAVE_AFTER_SECONDS * 1000);
  }

  _keep(corrections) {
    this.value = corrections;
    set(this._key, { ...corrections, saved: this._saved }, store).catch(() => undefined);
  }
}

/** @param {string} key */
export const forgetEdits = (key) => del(key, store).catch(() => undefined);
