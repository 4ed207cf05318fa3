/** The summary above a transcript, and the button that asks for it. */

import { request } from "../api/client.js";
import { announce } from "../core/announcer.js";
import { serviceState } from "../tasks/service.js";
import { explainThrown, t } from "../i18n/texts.js";
import { Watcher, html } from "../ui.js";

const LOOK_SECONDS = 3;

const isOpen = (summary) => summary?.status === "queued" || summary?.status === "processing";

/** The text, if there is one, and what its reader should know of it. @param {{summary?: {text?: string, model?: string, stale?: boolean}}} props */
function Told({ summary }) {
  if (!summary?.text) return null;
  return html`
    <p class="summary-text" dir="auto">${summary.text}</p>
    <p class="help">${t(summary.model ? "summary_model" : "summary_unknown_model", { model: summary.model })}</p>
    ${summary.stale && html`<p class="help">${t("summary_stale")}</p>`}`;
}

const Block = ({ children }) => html`<section class="summary" aria-labelledby="summary-title">
  <h2 id="summary-title">${t("summary")}</h2>
  ${children}
</section>`;

/** For those who only read: nothing where there is no summary. */
export const SharedSummary = ({ summary }) => summary?.text && html`<${Block}><${Told} summary=${summary} /></${Block}>`;

/** Props: `taskId`; `edits`, its corrections; `summary` as the state of the task has it, if any. */
export class SummaryBlock extends Watcher {
  state = { summary: this.props.summary, failure: null };

  watched() {
    return [serviceState];
  }

  componentDidMount() {
    super.componentDidMount();
    this.stops.push(this.props.edits.synced.listen((synced) => synced && this.corrected()));
    this.follow();
  }

  componentWillUnmount() {
    super.componentWillUnmount();
    clearTimeout(this.timer);
    this.gone = true;
  }

  render(_, { summary, failure }) {
    const mayAsk = serviceState.value.summaries && !isOpen(summary);
    if (!summary && !mayAsk) return null;
    return html`<${Block}>
      <${Told} summary=${summary} />
      ${isOpen(summary) && html`<p role="status">${this.openText(summary)}</p>`}
      ${summary?.status === "error" && html`<p class="failure">${t("summary_failed", { reason: summary.error?.message ?? "" })}</p>`}
      ${failure && html`<p class="failure" role="alert">${explainThrown(failure)}</p>`}
      ${mayAsk && html`<button type="button" class="button button-small" onClick=${() => this.ask()}>${t(summary?.text ? "summarise_again" : "summarise")}</button>`}
    </${Block}>`;
  }

  openText({ error }) {
    return error ? t("summary_tried_again", { reason: error.message }) : t("summary_made");
  }

  /** The service has corrections, perhaps new ones: does the summary lack them? */
  corrected() {
    const { summary } = this.state;
    if (summary?.text && !isOpen(summary)) this.exchange("GET");
  }

  ask() {
    return this.exchange("POST");
  }

  /** Asks how far the summary is until it has ended. */
  follow() {
    if (isOpen(this.state.summary)) this.timer = setTimeout(() => this.exchange("GET"), 1000 * LOOK_SECONDS);
  }

  /** @param {"GET" | "POST"} method */
  async exchange(method) {
    const wasOpen = isOpen(this.state.summary);
    const asked = (this.asked = {}); // an answer that comes after that of a later request tells what was
    const isLate = () => this.gone || asked !== this.asked;
    try {
      const answer = await request(`/transcribe/${encodeURIComponent(this.props.taskId)}/summary`, { method });
      const summary = await answer.json();
      if (isLate()) return;
      this.setState({ summary, failure: null }, () => this.follow());
      if (wasOpen && summary.status === "done") announce(t("summary_ready"));
    } catch (problem) {
      if (isLate()) return;
      this.setState({ failure: problem }, () => this.follow());
    }
  }
}
