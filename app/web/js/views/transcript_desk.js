/** The transcript with all that is done to it: play, search, correct, take away. */

import { sharedAudio, taskRecording } from "../api/client.js";
import { announce } from "../core/announcer.js";
import { clock } from "../core/times.js";
import { hitsOf } from "../transcript/search.js";
import { Playback } from "../transcript/playback.js";
import { merged, moved, renamed, speakersOf } from "../transcript/speakers.js";
import { keepRecording, LARGEST_BYTES, recordingOf } from "../tasks/recordings.js";
import { languageName, t } from "../i18n/texts.js";
import { Watcher, createRef, html } from "../ui.js";
import { Downloads } from "./downloads.js";
import { Naming } from "./naming.js";
import { Player } from "./player.js";
import { Speakers } from "./speakers.js";
import { SummaryBlock } from "./summary.js";
import { Toolbar } from "./toolbar.js";
import { TranscriptText } from "./transcript_text.js";

/**
 * Props: `entry`, `transcript`, `edits`; `at`, the second to begin at, if any; `shared`, its `token` and whether it
 * `hasAudio`, where it is only to be read.
 */
export class TranscriptDesk extends Watcher {
  state = { recording: null, wanted: "", current: 0, doubts: true, follow: true };
  text = createRef();

  constructor(props) {
    super(props);
    this.playback = new Playback(props.transcript.duration);
  }

  watched() {
    return [this.props.edits, this.props.edits.synced];
  }

  componentDidMount() {
    super.componentDidMount();
    this.keys = new AbortController();
    addEventListener("keydown", (event) => this.pressed(event), { signal: this.keys.signal });
    const { shared } = this.props;
    if (shared?.hasAudio) this.playback.stream(sharedAudio(shared.token));
    if (!shared) this.find().then((recording) => recording && !this.gone && this.attach(recording));
    this.arrive();
  }

  componentDidUpdate(before) {
    if (before.at !== this.props.at) this.arrive();
  }

  /** Leads to the moment that the address names: at once in the text, in the recording as soon as it can be played. */
  arrive() {
    const { at } = this.props;
    if (!Number.isFinite(at)) return;
    this.playback.seek(at);
    this.text.current.lead(at);
  }

  componentWillUnmount() {
    super.componentWillUnmount();
    this.gone = true;
    this.keys.abort();
    this.playback.close();
  }

  /** The recording, as it is kept here, or at the service. @returns {Promise<Blob | null>} */
  async find() {
    const { key, task_id: taskId } = this.props.entry;
    return (await recordingOf(key)) ?? taskRecording(taskId, LARGEST_BYTES).catch(() => null);
  }

  attach(recording) {
    const place = this.playback.time.value;
    const stop = this.playback.state.listen((state) => {
      if (state === "none") return;
      stop();
      if (place) this.playback.seek(place);
    });
    this.playback.load(recording);
    this.setState({ recording });
  }

  /** The texts of all segments, as corrected. */
  texts() {
    const { edits, transcript } = this.props;
    return transcript.segments.map((segment, index) => edits.textOf(index, segment.text));
  }

  render({ entry, transcript, edits, summary, shared }, { recording, wanted, current, doubts, follow }) {
    const texts = this.texts();
    const hits = hitsOf(texts, wanted);
    const speakers = speakersOf(transcript.speakers, edits.value.speakers);
    const at = hits.length ? current % hits.length : 0;
    const facts = [clock(transcript.duration), transcript.language && languageName(transcript.language), transcript.model];
    return html`
      <div class="desk-head">
        <div>
          <${Naming} entry=${entry} />
          <p class="card-facts">${facts.filter(Boolean).join(" · ")}
            ${edits.isEdited && html` <span class="badge">${t(edits.synced.value ? "edited" : "edited_here")}</span>`}</p>
        </div>
        <${Downloads} entry=${entry} transcript=${transcript} texts=${texts} edits=${edits} shared=${shared}
          changes=${edits.value.speakers} speakers=${speakers} />
      </div>
      ${transcript.warnings.map((warning) => html`<p key=${warning} class="notice">${warning}</p>`)}
      ${!shared && html`<${SummaryBlock} taskId=${entry.task_id} summary=${summary} />`}
      <${Player} playback=${this.playback} transcript=${transcript} recording=${recording} shared=${shared} onRecording=${(file) => this.bring(file)} />
      <${Toolbar} edits=${edits} readOnly=${Boolean(shared)} wanted=${wanted} hits=${hits} at=${at} doubts=${doubts} follow=${follow}
        doubtCount=${transcript.doubts.length}
        onWanted=${(value) => this.setState({ wanted: value, current: 0 })}
        onMove=${(step) => this.move(hits, at + step)}
        onUndo=${() => this.step("undo")} onRedo=${() => this.step("redo")}
        onDoubts=${(value) => this.setState({ doubts: value })} onFollow=${(value) => this.setState({ follow: value })}
        onNextDoubt=${() => this.nextDoubt()} />
      ${speakers.length > 0 && !shared &&
      html`<${Speakers} speakers=${speakers} onRename=${(id, name) => this.speak(renamed, id, name)}
        onMerge=${(id, into) => this.speak(merged, id, into)} />`}
      <${TranscriptText} readOnly=${Boolean(shared)} handle=${this.text} transcript=${transcript} edits=${edits} speakers=${speakers} playback=${this.playback} hits=${hits}
        onSpeaker=${(index, id) => this.speak(moved, index, id)}
        current=${at} doubts=${doubts} follow=${follow} language=${transcript.language} />
      ${!transcript.segments.length && html`<p class="quiet">${t("no_speech")}</p>`}
      <p class="help">${t(shared ? "shared_keys" : "desk_keys")}</p>
    `;
  }

  /** Change something of the speakers: `how` is of transcript/speakers.js. */
  speak(how, ...what) {
    const { edits } = this.props;
    edits.changeSpeakers(how(edits.value.speakers, ...what));
  }

  bring(file) {
    keepRecording(this.props.entry.key, file);
    this.attach(file);
  }

  move(hits, place) {
    if (!hits.length) return;
    const current = (place + hits.length) % hits.length;
    this.setState({ current });
    this.text.current.reveal(hits[current].index);
  }

  nextDoubt() {
    const { doubts } = this.props.transcript;
    const now = this.playback.time.value + 0.05;
    const next = doubts.find((doubt) => doubt.start > now) ?? doubts[0];
    this.playback.seek(next.start);
    this.text.current.revealTime(next.start);
  }

  /** @param {"undo" | "redo"} name */
  step(name) {
    const { edits, transcript } = this.props;
    const index = edits[name]((place) => transcript.segments[place]?.text ?? "");
    if (index === null) return;
    if (index >= 0) this.text.current.reveal(index);
    announce(t(name === "undo" ? "undone" : "redone"));
  }

  pressed(event) {
    const typing = event.target instanceof Element && event.target.closest("input, textarea, select, dialog");
    const letter = event.key.toLowerCase();
    if (event.altKey && event.code === "KeyP") this.playback.toggle();
    else if (typing || this.props.shared || !(event.ctrlKey || event.metaKey)) return;
    else if (letter === "z") this.step(event.shiftKey ? "redo" : "undo");
    else if (letter === "y") this.step("redo");
    else return;
    event.preventDefault();
  }
}
