/** Records from the microphone until it is told to stop. */

import { clock } from "../core/times.js";
import { t } from "../i18n/texts.js";
import { Component, html } from "../ui.js";

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const EXTENSIONS = { "audio/webm": "webm", "audio/mp4": "m4a", "audio/ogg": "ogg" };

/** Props: `onBegin` gets name, type and the growing parts; `onEnd` the recording as a File, null if there is none. */
export class Recorder extends Component {
  state = { phase: "asking", seconds: 0, level: 0 };
  parts = [];

  async componentDidMount() {
    if (!navigator.mediaDevices || !globalThis.MediaRecorder) return this.setState({ phase: "impossible" });
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      if (this.gone) return release(stream);
      this.begin(stream);
    } catch (error) {
      this.setState({ phase: error.name === "NotFoundError" ? "missing" : "forbidden" });
    }
  }

  componentWillUnmount() {
    this.gone = true;
    clearInterval(this.timer);
    this.sound?.close();
    if (this.stream) release(this.stream);
  }

  begin(stream) {
    this.stream = stream;
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    this.recorder.ondataavailable = ({ data }) => data.size && this.parts.push(data);
    this.recorder.onstop = () => this.props.onEnd(this.discarded ? null : this.file());
    this.recorder.start(1000);
    this.name = this.fileName();
    this.props.onBegin(this.name, this.type, this.parts);
    this.measure(stream);
    const begun = performance.now();
    this.timer = setInterval(
      () => this.setState({ seconds: (performance.now() - begun) / 1000, level: this.level() }),
      100,
    );
    this.setState({ phase: "recording" });
  }

  measure(stream) {
    this.sound = new AudioContext();
    this.analyser = this.sound.createAnalyser();
    this.analyser.fftSize = 1024;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.sound.createMediaStreamSource(stream).connect(this.analyser);
  }

  /** How loud it is, 0 to 1. */
  level() {
    this.analyser.getFloatTimeDomainData(this.samples);
    const power = this.samples.reduce((sum, sample) => sum + sample * sample, 0) / this.samples.length;
    return Math.min(1, Math.sqrt(power) * 4);
  }

  get type() {
    return (this.recorder.mimeType || "audio/webm").split(";")[0];
  }

  fileName() {
    const moment = new Date(Date.now() - new Date().getTimezoneOffset() * 60000).toISOString();
    const name = `${t("recording_name")} ${moment.slice(0, 19).replace("T", " ").replaceAll(":", "-")}`;
    return `${name}.${EXTENSIONS[this.type] ?? "webm"}`;
  }

  /** @returns {File} */
  file() {
    return new File(this.parts, this.name, { type: this.type });
  }

  stop(discarded) {
    this.discarded = discarded;
    clearInterval(this.timer);
    if (this.recorder && this.recorder.state !== "inactive") this.recorder.stop();
    else this.props.onEnd(null);
  }

  render(_, { phase, seconds, level }) {
    if (phase === "recording") {
      return html`<div class="recorder" role="group" aria-label=${t("record")}>
        <p class="recorder-time"><span class="recorder-dot" aria-hidden="true"></span>
          <span role="timer">${clock(seconds)}</span></p>
        <progress class="level" max="1" value=${level} aria-label=${t("record_level")}></progress>
        <button type="button" class="button button-primary button-large" onClick=${() => this.stop(false)}>${t("record_stop")}</button>
        <button type="button" class="button button-large" onClick=${() => this.stop(true)}>${t("record_discard")}</button>
      </div>`;
    }
    return html`<div class="recorder">
      <p role="status">${t(`record_${phase}`)}</p>
      <button type="button" class="button" onClick=${() => this.stop(true)}>${t("close")}</button>
    </div>`;
  }
}

const release = (stream) => stream.getTracks().forEach((track) => track.stop());
