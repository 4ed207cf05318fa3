/** Waveform and buttons of a recording. */

import { clock } from "../core/times.js";
import { LARGEST_BYTES, LIMIT_BYTES } from "../tasks/recordings.js";
import { LONGEST_SECONDS, peaksOf } from "../transcript/peaks.js";
import { formatNumber, t } from "../i18n/texts.js";
import { Watcher, createRef, html } from "../ui.js";
import { Icon } from "./icons.js";
import { Waveform } from "./waveform.js";

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];
/** As far as a sentence that was not understood, and a pause that is too long. */
export const REWIND_SECONDS = 3;
const FORWARD_SECONDS = 5;
const KEPT = { each: LARGEST_BYTES / 2 ** 20, all: LIMIT_BYTES / 2 ** 20 };

class Clock extends Watcher {
  watched() {
    return [this.props.playback.time, this.props.playback.duration];
  }

  render({ playback }) {
    return html`<span class="player-time">${clock(playback.time.value)} / ${clock(playback.duration.value)}</span>`;
  }
}

/** Props: `playback`, `transcript`, `recording`, `onRecording`, `isOwn`: it was sent from this browser; `shared`, where the recording is streamed or nowhere. */
export class Player extends Watcher {
  state = { peaks: null, rate: 1 };
  input = createRef();

  watched() {
    return [this.props.playback.state, this.props.playback.playing];
  }

  componentDidUpdate() {
    this.measure();
  }

  async measure() {
    const { recording, transcript } = this.props;
    if (!recording || recording === this.measured) return;
    this.measured = recording;
    const peaks = await peaksOf(recording, transcript.duration);
    if (recording === this.props.recording) this.setState({ peaks });
  }

  render({ playback, transcript, recording, shared, isOwn, onRecording }, { peaks, rate }) {
    const playable = playback.state.value === "ready";
    const playing = playback.playing.value;
    return html`<section class="player" aria-label=${t("player")}>
      <${Waveform} playback=${playback} transcript=${transcript} peaks=${peaks} />
      <div class="player-row">
        <button type="button" class="button button-round button-primary" disabled=${!playable} aria-label=${t(playing ? "pause" : "play")}
          onClick=${() => playback.toggle()}><${Icon} name=${playing ? "pause" : "play"} /></button>
        ${this.jump("back", -REWIND_SECONDS, playable)} ${this.jump("forward", FORWARD_SECONDS, playable)}
        <${Clock} playback=${playback} />
        <label class="player-rate"><span class="visually-hidden">${t("rate")}</span>
          <select value=${rate} onChange=${(event) => this.setRate(Number(event.currentTarget.value))}>
            ${RATES.map((each) => html`<option key=${each} value=${each} selected=${each === rate}>${formatNumber(each)}×</option>`)}
          </select>
        </label>
      </div>
      ${shared && !shared.hasAudio && html`<p class="quiet player-missing">${t("shared_no_audio")}</p>`}
      ${!recording && !shared &&
      html`<p class="quiet player-missing">${t(isOwn ? "recording_missing" : "recording_elsewhere", KEPT)}
        <button type="button" class="link" onClick=${() => this.input.current.click()}>${t("recording_attach")}</button>
        <input ref=${this.input} type="file" hidden accept="audio/*,video/*"
          onChange=${(event) => event.currentTarget.files[0] && onRecording(event.currentTarget.files[0])} /></p>`}
      ${recording && transcript.duration > LONGEST_SECONDS &&
      html`<p class="quiet">${t("recording_long", { minutes: LONGEST_SECONDS / 60 })}</p>`}
      ${playback.state.value === "unplayable" && html`<p class="quiet">${t("recording_unplayable")}</p>`}
    </section>`;
  }

  jump(name, seconds, playable) {
    const { playback } = this.props;
    return html`<button type="button" class="button button-round" disabled=${!playable} aria-label=${t(`jump_${name}`, { seconds: Math.abs(seconds) })}
      onClick=${() => playback.seek(playback.time.value + seconds)}><${Icon} name=${name} /></button>`;
  }

  setRate(rate) {
    this.props.playback.setRate(rate);
    this.setState({ rate });
  }
}
