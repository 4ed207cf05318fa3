/** The transcript with all that is done to it: play, search, correct, take away. */

import { sharedAudio, taskRecording } from "../api/client.js";
import { announce } from "../core/announcer.js";
import { onReaderScrolls } from "../core/scrolling.js";
import { clock } from "../core/times.js";
import { doubtsOf } from "../transcript/doubts.js";
import { rewritten } from "../transcript/regrouping.js";
import { Rows } from "../transcript/rows.js";
import { hitsOf, patternOf } from "../transcript/search.js";
import { actionOf, stepOf } from "../transcript/shortcuts.js";
import { Playback } from "../transcript/playback.js";
import { merged, renamed, speakersOf } from "../transcript/speakers.js";
import { keepPlace, placeOf } from "../tasks/places.js";
import { keepRecording, LARGEST_BYTES, recordingOf } from "../tasks/recordings.js";
import { languageName, t } from "../i18n/texts.js";
import { warningText } from "../i18n/warnings.js";
import { Watcher, createRef, html } from "../ui.js";
import { Again } from "./again.js";
import { Downloads } from "./downloads.js";
import { Naming } from "./naming.js";
import { Player, REWIND_SECONDS } from "./player.js";
import { firstSeen, rowMeant } from "./segment_keys.js";
import { Shortcuts } from "./shortcuts.js";
import { Speakers } from "./speakers.js";
import { SharedSummary, SummaryBlock } from "./summary.js";
import { FindBar, Toolbar } from "./toolbar.js";
import { TranscriptText } from "./transcript_text.js";

/** Who has heard all but this much begins anew the next time. */
const OVER_SECONDS = 2;

/**
 * Props: `entry`, `transcript`, `edits`; `summary`, as the service tells it, if any; `at`, the second to begin at, if any;
 * `shared`, its `token` and whether it `hasAudio`, where it is only to be read.
 */
export class TranscriptDesk extends Watcher {
  state = { recording: null, wanted: "", current: 0, doubts: true, follow: true, strayed: false, help: false };
  text = createRef();
  bar = createRef();
  field = createRef();

  constructor(props) {
    super(props);
    this.playback = new Playback(props.transcript.duration);
    this.made = new Rows(props.transcript.segments);
  }

  watched() {
    return [this.props.edits, this.props.edits.synced];
  }

  componentDidMount() {
    super.componentDidMount();
    this.ended = new AbortController();
    const { signal } = this.ended;
    addEventListener("keydown", (event) => this.pressed(event), { signal });
    onReaderScrolls(() => this.stray(), signal);
    for (const name of ["popstate", "pagehide", "visibilitychange"]) addEventListener(name, () => this.remember(), { signal }); // before `hashchange`, by which the view goes
    this.sizes = new ResizeObserver(([{ target }]) => document.documentElement.style.setProperty("--bar", `${target.offsetHeight}px`));
    this.sizes.observe(this.bar.current);
    const { shared } = this.props;
    if (shared?.hasAudio) this.playback.stream(sharedAudio(shared.token));
    if (!shared) this.find().then((recording) => recording && !this.gone && this.attach(recording));
    this.arrive();
  }

  componentDidUpdate(before) {
    if (before.at !== this.props.at) this.arrive();
  }

  /** Leads to the moment that the address names, else to where somebody was: at once in the text, in the recording as soon as it can be played. */
  arrive() {
    const { at, entry, shared } = this.props;
    if (Number.isFinite(at)) {
      this.playback.seek(at);
      this.text.current.lead(at);
    } else if (!shared) {
      const { time, segment, top } = placeOf(entry.key);
      if (time) this.playback.seek(time);
      if (segment) this.text.current.show(this.rows.findIndex(({ first }) => first >= segment), top);
    }
  }

  componentWillUnmount() {
    super.componentWillUnmount();
    this.gone = true;
    this.sizes.disconnect();
    this.ended.abort();
    this.playback.close();
  }

  /** Where somebody is, for the next time. */
  remember() {
    const { entry, shared } = this.props;
    if (shared) return;
    const list = this.text.current.list.current;
    const isAbove = list.getBoundingClientRect().top >= this.top;
    const row = isAbove ? null : firstSeen(list, this.top);
    const segment = this.rows[Array.prototype.indexOf.call(list.children, row)]?.first ?? 0;
    const top = row?.getBoundingClientRect().top ?? 0;
    const { time, duration } = this.playback;
    const isOver = time.value > duration.value - OVER_SECONDS;
    keepPlace(entry.key, { time: isOver ? 0 : time.value, segment, top });
  }

  /** Where the text begins to be seen, in pixels of the window. */
  get top() {
    return Math.max(0, this.bar.current.getBoundingClientRect().bottom);
  }

  /** The recording, as it is kept here, or at the service. @returns {Promise<Blob | null>} */
  async find() {
    const { key, sound = key, task_id: taskId } = this.props.entry;
    return (await recordingOf(key)) ?? (await recordingOf(sound)) ?? taskRecording(taskId, LARGEST_BYTES).catch(() => null);
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

  get rows() {
    return this.made.of(this.props.edits.value);
  }

  render({ entry, transcript, edits, summary, shared }, { recording, wanted, current, doubts, follow, strayed, help }) {
    const { rows } = this;
    const hits = hitsOf(rows.map(({ text }) => text), wanted);
    const speakers = speakersOf(transcript.speakers, edits.value.speakers);
    const at = hits.length ? current % hits.length : 0;
    const facts = [clock(transcript.duration), transcript.language && languageName(transcript.language), transcript.model];
    const readOnly = Boolean(shared);
    return html`
      <div class="desk-head">
        <div>
          <${Naming} entry=${entry} />
          <p class="card-facts">${facts.filter(Boolean).join(" · ")}
            ${edits.isEdited && html` <span class="badge">${t(edits.synced.value ? "edited" : "edited_here")}</span>`}</p>
        </div>
        <${Downloads} entry=${entry} transcript=${transcript} rows=${rows} edits=${edits} shared=${shared} speakers=${speakers} />
      </div>
      ${transcript.warnings.map((warning) => html`<p key=${warning} class="notice">${warningText(warning)}</p>`)}
      ${!shared && html`<${Again} entry=${entry} transcript=${transcript} />`}
      ${shared ? html`<${SharedSummary} summary=${summary} />` : html`<${SummaryBlock} taskId=${entry.task_id} edits=${edits} summary=${summary} />`}
      <div ref=${this.bar} class="desk-bar">
        <${Player} playback=${this.playback} transcript=${transcript} recording=${recording} shared=${shared} isOwn=${entry.size > 0} onRecording=${(file) => this.bring(file)} />
        <${FindBar} field=${this.field} readOnly=${readOnly} wanted=${wanted} hits=${hits} at=${at}
          onWanted=${(value) => this.setState({ wanted: value, current: 0 })} onMove=${(step) => this.move(hits, at + step)}
          onReplace=${(text) => this.replace(hits, text)} />
      </div>
      <${Toolbar} edits=${edits} readOnly=${readOnly} doubts=${doubts} follow=${follow} doubtCount=${doubtsOf(rows).length}
        onUndo=${() => this.step("undo")} onRedo=${() => this.step("redo")} onNextDoubt=${() => this.nextDoubt()}
        onDoubts=${(value) => this.setState({ doubts: value })} onFollow=${(value) => this.setState({ follow: value, strayed: false })}
        onHelp=${() => this.setState({ help: true })} />
      ${speakers.length > 0 && !shared &&
      html`<${Speakers} speakers=${speakers} onRename=${(id, name) => this.speak(renamed, id, name)}
        onMerge=${(id, into) => this.speak(merged, id, into)} />`}
      <${TranscriptText} readOnly=${readOnly} handle=${this.text} transcript=${transcript} rows=${rows} made=${this.made} edits=${edits}
        speakers=${speakers} playback=${this.playback} hits=${hits} current=${at} doubts=${doubts} follow=${follow && !strayed} language=${transcript.language} />
      ${!rows.length && html`<p class="quiet">${t("no_speech")}</p>`}
      ${strayed && html`<button type="button" class="button button-primary follow-again" onClick=${() => this.followAgain()}>${t("follow_again")}</button>`}
      <p class="help">${t(shared ? "shared_keys" : "desk_keys")}</p>
      ${help && html`<${Shortcuts} readOnly=${readOnly} onClose=${() => this.setState({ help: false })} />`}
    `;
  }

  /** Change something of the speakers: `how` is of transcript/speakers.js. */
  speak(how, ...what) {
    const { edits } = this.props;
    edits.apply({ speakers: how(edits.value.speakers, ...what) });
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

  /** Everywhere, as one step that can be undone. */
  replace(hits, by) {
    const { edits, transcript } = this.props;
    const pattern = patternOf(this.state.wanted);
    const change = (text) => text.replace(pattern, () => by).replace(/\s+/g, " ").trim();
    edits.apply(...rewritten(this.rows, change, transcript.segments));
    announce(t("replaced", { count: hits.length }));
  }

  /** To the doubtful place after the caret, if something is being corrected, else after what is heard. */
  nextDoubt() {
    const all = doubtsOf(this.rows);
    if (!all.length) return announce(t("doubts_none"));
    const { caret } = this.text.current;
    const now = this.playback.time.value + 0.05;
    const isAfter = caret
      ? ({ place, from }) => place > caret.place || (place === caret.place && from >= caret.letter)
      : ({ start }) => start > now;
    const next = all.find(isAfter) ?? all[0];
    this.playback.seek(next.start);
    this.text.current.reveal(next.place);
    if (caret) this.text.current.open(this.rows[next.place], [next.from, next.to]);
    else this.text.current.focus(next.place);
  }

  /** @param {"undo" | "redo"} name */
  step(name) {
    const index = this.props.edits[name]();
    if (index === null) return;
    if (index >= 0) this.text.current.reveal(this.rows.findIndex(({ first, run }) => (run?.last ?? first) >= index));
    announce(t(name === "undo" ? "undone" : "redone"));
  }

  /** A reader who scrolls while the text follows the sound is not pulled back. */
  stray() {
    const { follow, strayed } = this.state;
    if (!follow || strayed || !this.playback.playing.value) return;
    this.setState({ strayed: true });
    announce(t("follow_strayed"));
  }

  followAgain() {
    this.setState({ strayed: false }, () => this.text.current.revealLit());
    document.getElementById("main").focus({ preventScroll: true }); // the button goes
  }

  pressed(event) {
    const readOnly = Boolean(this.props.shared);
    const step = readOnly ? null : stepOf(event);
    if (step && this.text.current.mayStep(event.target)) this.step(step);
    else if (!this.does(actionOf(event), readOnly)) return;
    event.preventDefault();
  }

  /** @param {import("../transcript/shortcuts.js").Action | null} action @returns {boolean} whether something was done */
  does(action, readOnly) {
    const { playback } = this;
    if (action === "play") playback.toggle();
    else if (action === "rewind") playback.seek(playback.time.value - REWIND_SECONDS);
    else if (action === "doubt") this.nextDoubt();
    else if (action === "follow") this.setState(({ follow, strayed }) => ({ follow: strayed || !follow, strayed: false }));
    else if (action === "find") this.field.current.select();
    else if (action === "help") this.setState({ help: true });
    else if (action === "edit" && !readOnly) this.text.current.edit(rowMeant(this.text.current.list.current, this.top));
    else return false;
    return true;
  }
}
