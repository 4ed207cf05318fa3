/** Plays a recording and says where it is; without a recording, it still knows a place. */

import { Observable } from "../core/observable.js";

export class Playback {
  /** @param {number} duration of the transcript in seconds */
  constructor(duration) {
    this.time = new Observable(0);
    this.playing = new Observable(false);
    /** @type {Observable<"none" | "ready" | "unplayable">} */
    this.state = new Observable("none");
    this.duration = new Observable(duration);
    this.audio = new Audio();
    this.audio.preload = "auto";
    this.audio.addEventListener("play", () => this._started());
    this.audio.addEventListener("pause", () => (this.playing.value = false));
    this.audio.addEventListener("seeked", () => this._tell());
    this.audio.addEventListener("timeupdate", () => this._tell());
    this.audio.addEventListener("loadedmetadata", () => this._measured());
    this.audio.addEventListener("durationchange", () => this._measured());
    this.audio.addEventListener("error", () => this.address && (this.state.value = "unplayable"));
  }

  /** @param {Blob} recording */
  load(recording) {
    this.stream(URL.createObjectURL(recording));
  }

  /** Of a recording elsewhere, only what is heard is fetched. @param {string} address */
  stream(address) {
    this.close();
    this.audio.preload = address.startsWith("blob:") ? "auto" : "metadata";
    this.address = address;
    this.audio.src = address;
  }

  close() {
    this.audio.pause();
    if (!this.address) return;
    URL.revokeObjectURL(this.address); // of another kind of address, it does nothing
    this.address = undefined;
    this.audio.removeAttribute("src");
    this.state.value = "none";
  }

  /** @param {number} seconds @param {{play?: boolean}} [how] */
  seek(seconds, { play = false } = {}) {
    const place = Math.min(Math.max(0, seconds), this.duration.value || seconds);
    this.time.value = place;
    if (this.state.value !== "ready") return;
    this.audio.currentTime = place;
    if (play) this.play();
  }

  play() {
    this.audio.play().catch(() => undefined); // a pause that comes at once
  }

  toggle() {
    if (this.state.value !== "ready") return;
    if (this.audio.paused) this.play();
    else this.audio.pause();
  }

  /** @param {number} rate */
  setRate(rate) {
    this.audio.playbackRate = rate;
    this.audio.defaultPlaybackRate = rate;
  }

  _measured() {
    if (this.audio.duration === Infinity) {
      // What MediaRecorder writes does not say how long it is, until a place far behind its end is looked for.
      this._measuring = true;
      this.audio.currentTime = 1e9;
      return;
    }
    if (this._measuring) {
      this._measuring = false;
      this.audio.currentTime = 0;
    }
    if (Number.isFinite(this.audio.duration)) this.duration.value = this.audio.duration;
    this.state.value = "ready";
  }

  _tell() {
    if (!this._measuring && this.state.value === "ready") this.time.value = this.audio.currentTime;
  }

  _started() {
    this.playing.value = true;
    const frame = () => {
      if (this.audio.paused) return;
      this._tell();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
}
