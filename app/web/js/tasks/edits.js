/** Corrections of transcripts: kept at the service for every browser, and here, also while it is away. */

import { corrections, saveCorrections } from "../api/client.js";
import { Problem } from "../api/problem.js";
import { createStore, del, get, set } from "../../vendor/idb-keyval.mjs";
import { Observable } from "../core/observable.js";
import { isChanged, unchanged } from "../transcript/speakers.js";
import { consistent, equal, rebased } from "../transcript/three_way.js";

const SAVE_AFTER_SECONDS = 0.7;
const TRY_AGAIN_SECONDS = 15;

const store = createStore("transcriber-edits", "edits");
const MOST_STEPS = 500;

/** @typedef {import("../transcript/speakers.js").Changes} Changes */
/** @typedef {import("../transcript/regrouping.js").Patch} Patch */
/** @typedef {{undo: Patch, redo: Patch}} Step */
/** @typedef {import("../transcript/rows.js").Corrections & {undo: Step[], redo: Step[]}} Corrections */

/** @returns {Corrections} */
const none = () => ({ texts: {}, regrouped: {}, speakers: unchanged(), undo: [], redo: [] });

const nothingSaved = () => ({ version: '"0"', texts: {}, regrouped: {}, speakers: unchanged() });

/** Of another kind were those of an older page. @param {Step[]} [steps] */
const understood = (steps = []) => steps.filter(({ undo, redo }) => undo && redo);

/** @template T @param {Record<string, T>} values @param {Record<string, T | null>} [changes] @returns {Record<string, T>} */
function changed(values, changes) {
  if (!changes) return values;
  return Object.fromEntries(Object.entries({ ...values, ...changes }).filter(([, value]) => value !== null));
}

/** @template {Corrections} C @param {C} value @param {Patch} patch @returns {C} */
function patched(value, { texts, regrouped, moved, speakers = value.speakers }) {
  return consistent({
    ...value,
    texts: changed(value.texts, texts),
    regrouped: changed(value.regrouped, regrouped),
    speakers: moved ? { ...speakers, moved: changed(speakers.moved, moved) } : speakers,
  });
}

/** What takes a patch back. @param {Corrections} value before it @param {Patch} patch @returns {Patch} */
function inverse(value, { texts, regrouped, moved, speakers }) {
  const old = (values, changes) => Object.fromEntries(Object.keys(changes).map((key) => [key, values[key] ?? null]));
  return {
    ...(texts && { texts: old(value.texts, texts) }),
    ...(regrouped && { regrouped: old(value.regrouped, regrouped) }),
    ...(moved && { moved: old(value.speakers.moved, moved) }),
    ...(speakers && { speakers: value.speakers }),
  };
}

/** The number of the first segment that a patch changes; -1: something of speakers. @param {Patch} patch */
function firstOf({ texts, regrouped, moved }) {
  const keys = Object.keys({ ...texts, ...regrouped, ...moved }).map(Number);
  return keys.length ? Math.min(...keys) : -1;
}

/** The corrections of one transcript. @extends {Observable<Corrections>} */
export class Edits extends Observable {
  /** Whether the service has all of them. */
  synced = new Observable(false);

  /** @param {string} key ours of the task @param {string} taskId @param {Corrections & {saved?: object}} kept */
  constructor(key, taskId, { saved, ...kept }) {
    super({ ...none(), ...kept, undo: understood(kept.undo), redo: understood(kept.redo) });
    this._key = key;
    this._taskId = taskId;
    this._saved = { ...nothingSaved(), ...saved }; // what the service had when we last saw it
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
      this._saved = { version: await saveCorrections(this._taskId, both, version), ...both };
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 412) return false;
      throw problem;
    }
    this._keep(this.value);
    return equal(this._saved, this.value);
  }

  get isEdited() {
    const { texts, regrouped, speakers } = this.value;
    return Object.keys(texts).length > 0 || Object.keys(regrouped).length > 0 || isChanged(speakers);
  }

  /** Several patches are one step. @param {...Patch} patches */
  apply(...patches) {
    const patch = {};
    for (const each of patches) for (const [name, values] of Object.entries(each)) patch[name] = Object.assign(patch[name] ?? {}, values);
    const after = patched(this.value, patch);
    if (equal(after, this.value)) return;
    const step = { undo: inverse(this.value, patch), redo: patch };
    this._become({ ...after, undo: [...this.value.undo, step].slice(-MOST_STEPS), redo: [] });
  }

  /** @returns {number | null} the first segment that has changed; -1: speakers have; null: there was no step */
  undo() {
    const step = this.value.undo.at(-1);
    if (!step) return null;
    this._become({ ...patched(this.value, step.undo), undo: this.value.undo.slice(0, -1), redo: [...this.value.redo, step] });
    return firstOf(step.undo);
  }

  /** @returns {number | null} */
  redo() {
    const step = this.value.redo.at(-1);
    if (!step) return null;
    this._become({ ...patched(this.value, step.redo), undo: [...this.value.undo, step], redo: this.value.redo.slice(0, -1) });
    return firstOf(step.redo);
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
