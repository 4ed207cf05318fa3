/** Corrections of transcripts: kept in this browser, undone and done again across reloads. */

import { createStore, del, get, set } from "../../vendor/idb-keyval.mjs";
import { Observable } from "../core/observable.js";

const store = createStore("transcriber-edits", "edits");
const MOST_STEPS = 500;

/** @typedef {{index: number, before: string, after: string}} Step */
/** @typedef {{texts: Record<number, string>, undo: Step[], redo: Step[]}} Corrections */

/** @returns {Corrections} */
const none = () => ({ texts: {}, undo: [], redo: [] });

/** The corrections of one transcript. @extends {Observable<Corrections>} */
export class Edits extends Observable {
  /** @param {string} key of the task @param {Corrections} corrections */
  constructor(key, corrections) {
    super(corrections);
    this._key = key;
  }

  /** @param {string} key */
  static async load(key) {
    const kept = await get(key, store).catch(() => undefined);
    return new Edits(key, { ...none(), ...kept });
  }

  get isEdited() {
    return Object.keys(this.value.texts).length > 0;
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
    this._become({ texts: this._with(index, after, original), undo, redo: [] });
  }

  /** @param {(index: number) => string} originalOf @returns {number | null} the segment that has changed */
  undo(originalOf) {
    const step = this.value.undo.at(-1);
    if (!step) return null;
    const texts = this._with(step.index, step.before, originalOf(step.index));
    this._become({ texts, undo: this.value.undo.slice(0, -1), redo: [...this.value.redo, step] });
    return step.index;
  }

  /** @param {(index: number) => string} originalOf @returns {number | null} */
  redo(originalOf) {
    const step = this.value.redo.at(-1);
    if (!step) return null;
    const texts = this._with(step.index, step.after, originalOf(step.index));
    this._become({ texts, undo: [...this.value.undo, step], redo: this.value.redo.slice(0, -1) });
    return step.index;
  }

  _with(index, text, original) {
    const texts = { ...this.value.texts, [index]: text };
    if (text === original) delete texts[index];
    return texts;
  }

  _become(corrections) {
    this.value = corrections;
    set(this._key, corrections, store).catch(() => undefined);
  }
}

/** @param {string} key */
export const forgetEdits = (key) => del(key, store).catch(() => undefined);
