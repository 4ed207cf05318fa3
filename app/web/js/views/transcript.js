/** One task: its text as it comes, and the transcript with its recording when it is there. */

import { taskState } from "../api/client.js";
import { transcriptOf } from "../transcript/transcript.js";
import { addEntry, history, isOpen, nameOf } from "../tasks/history.js";
import { applyState } from "../tasks/states.js";
import { Edits } from "../tasks/edits.js";
import { explainThrown, t } from "../i18n/texts.js";
import { Watcher, html } from "../ui.js";
import { TaskCard } from "./task_card.js";
import { TranscriptDesk } from "./transcript_desk.js";

/** Props: `of`, the key of an entry, or the id of a task; `at`, the second that is wanted, if any. */
export class TranscriptView extends Watcher {
  state = { transcript: null, edits: null, summary: null, failure: null };

  watched() {
    return [history];
  }

  componentDidMount() {
    super.componentDidMount();
    this.look();
  }

  componentDidUpdate() {
    this.look();
  }

  componentWillUnmount() {
    super.componentWillUnmount();
    this.state.edits?.close();
  }

  get entry() {
    const { of } = this.props;
    return history.value.find((entry) => entry.key === of || entry.task_id === of);
  }

  /** Fetches the transcript once it is there. */
  async look() {
    const entry = this.entry;
    const wanted = entry ? (entry.phase === "done" ? entry.task_id : null) : this.props.of;
    if (!wanted || wanted === this.asked) return;
    this.asked = wanted;
    try {
      const state = await taskState(wanted);
      const { key } = entry ?? addEntry({ key: wanted, task_id: wanted, name: String(state.title ?? state.filename ?? wanted), phase: "queued" });
      applyState(key, state);
      if (state.status !== "done") {
        this.asked = null;
        return;
      }
      this.setState({ summary: state.summary ?? null, transcript: transcriptOf(state.result), edits: await Edits.load(key, wanted), failure: null });
    } catch (problem) {
      this.setState({ failure: problem });
    }
  }

  render(_, { transcript, edits, summary, failure }) {
    const entry = this.entry;
    const { at } = this.props;
    return html`<div class="view">
      <p class="way-back"><a href="#/">${t("back")}</a></p>
      ${!entry && html`<h1>${t("title_transcript")}</h1>`}
      ${failure && html`<p class="failure" role="alert">${explainThrown(failure)}</p>`}
      ${failure && html`<button type="button" class="button" onClick=${() => this.again()}>${t("try_again")}</button>`}
      ${entry && transcript && edits
        ? html`<${TranscriptDesk} key=${entry.key} entry=${entry} transcript=${transcript} edits=${edits} summary=${summary} at=${at} />`
        : entry && html`<h1 class="task-name" dir="auto">${nameOf(entry)}</h1>
            ${entry.phase === "done" ? !failure && html`<p role="status">${t("loading")}</p>` : html`<ul class="cards"><${TaskCard} entry=${entry} alone /></ul>`}
            ${isOpen(entry) && entry.text && html`<p class="live-text" dir="auto">${entry.text}</p>`}`}
    </div>`;
  }

  again() {
    this.asked = null;
    this.setState({ failure: null });
  }
}
