/** The whole service, for those who keep it running. */

import { deadLetters, dropLetter, overview, requeueLetter } from "../api/client.js";
import { announce } from "../core/announcer.js";
import { pause } from "../core/pause.js";
import { Figures } from "../tasks/figures.js";
import { explainThrown, formatBytes, formatNumber, formatSpan, t } from "../i18n/texts.js";
import { Component, html } from "../ui.js";
import { Chart } from "./chart.js";
import { confirmed } from "./confirm.js";
import { DeadLetters } from "./dead_letters.js";
import { paceInWords } from "./model_facts.js";

const SECONDS = 2;

export class OperatorView extends Component {
  figures = new Figures();
  state = { now: null, letters: [], failure: null };

  componentDidMount() {
    this.controller = new AbortController();
    this.watch(this.controller.signal);
  }

  componentWillUnmount() {
    this.controller.abort();
  }

  async watch(signal) {
    while (!signal.aborted) {
      await this.ask(signal);
      if (["forbidden", "unauthorized"].includes(this.state.failure?.code)) return;
      await pause(SECONDS, signal).catch(() => undefined);
    }
  }

  async ask(signal) {
    try {
      const [now, letters] = await Promise.all([overview(signal), deadLetters(signal)]);
      if (signal.aborted) return;
      this.figures.add(now, performance.now() / 1000);
      this.setState({ now, letters, failure: null });
    } catch (failure) {
      if (!signal.aborted) await new Promise((done) => this.setState({ failure }, done));
    }
  }

  render(_, { now, letters, failure }) {
    return html`<div class="view operator">
      <h1>${t("title_operator")}</h1>
      ${failure && html`<p class="failure" role="alert">${explainThrown(failure)}</p>`}
      ${!now && !failure && html`<p role="status">${t("loading")}</p>`}
      ${now && html`
        <${Charts} now=${now} samples=${this.figures.samples} />
        <${Totals} now=${now} />
        ${now.archive && html`<${Archive} of=${now.archive} />`}
        <${Workers} workers=${now.workers ?? []} />
        <${DeadLetters} letters=${letters} onRequeue=${(letter) => this.requeue([letter])} onRequeueAll=${() => this.requeue(letters)}
          onDrop=${(letter) => this.drop(letter)} />`}
    </div>`;
  }

  async requeue(letters) {
    await this.act(async () => {
      for (const { reference } of letters) await requeueLetter(reference);
      announce(t("requeued", { count: letters.length }));
    });
  }

  async drop({ reference, filename, task_id }) {
    if (!(await confirmed(t("drop_question", { name: filename ?? task_id }), t("drop")))) return;
    await this.act(() => dropLetter(reference));
  }

  async act(action) {
    const failure = await action().then(() => null, (problem) => problem);
    await this.ask(this.controller.signal);
    if (failure) announce(explainThrown(failure), { urgent: true });
  }
}

function Charts({ now, samples }) {
  const tenth = (value) => formatNumber(value, { maximumFractionDigits: 1 });
  const charts = [
    ["waiting", tenth],
    ["oldest", formatSpan],
    ["pace", tenth],
    ["failed", tenth],
  ];
  return html`<section aria-labelledby="charts-title">
    <h2 id="charts-title">${t("charts_title")}</h2>
    <div class="charts">
      ${charts.map(([name, format]) => {
        const values = samples.map((sample) => sample[name]);
        const [last, highest] = [format(values.at(-1) ?? 0), format(Math.max(0, ...values))];
        const label = t(`chart_${name}`);
        return html`<${Chart} key=${name} label=${label} now=${last} values=${values} highest=${t("chart_highest", { highest })}
          summary=${t("chart_summary", { label, last, highest })} />`;
      })}
    </div>
    <p class="help">${t("charts_help")}</p>
  </section>`;
}

function Totals({ now: { queue = {}, totals = {}, pace = {} } }) {
  const rows = [
    ["running", formatNumber(queue.running ?? 0)],
    ["waiting_audio", formatSpan(queue.audio_seconds ?? 0)],
    ["high", formatNumber(queue.high ?? 0)],
    ["delayed", formatNumber(queue.delayed ?? 0)],
    ["tasks_done", formatNumber(totals.tasks_done ?? 0)],
    ["tasks_failed", formatNumber(totals.tasks_failed ?? 0)],
    ["audio_done", formatSpan(totals.audio_seconds ?? 0)],
    ...Object.entries(pace).filter(([, value]) => value > 0).map(([model, value]) => [null, paceInWords(value), model]),
  ];
  return html`<section aria-labelledby="totals-title">
    <h2 id="totals-title">${t("totals_title")}</h2>
    <dl class="facts">
      ${rows.map(([name, value, model]) => html`<div key=${name ?? model}><dt>${name ? t(`total_${name}`) : t("pace_of", { model })}</dt><dd>${value}</dd></div>`)}
    </dl>
  </section>`;
}

function Archive({ of: { transcripts, used_bytes, limit_bytes, nearly_full } }) {
  const used = formatBytes(used_bytes);
  return html`<section aria-labelledby="archive-title">
    <h2 id="archive-title">${t("archive_title")}</h2>
    ${nearly_full && html`<p class="notice" role="status">${t("archive_nearly_full")}</p>`}
    <dl class="facts">
      <div><dt>${t("archive_transcripts")}</dt><dd>${formatNumber(transcripts)}</dd></div>
      <div><dt>${t("archive_size")}</dt><dd>${limit_bytes ? t("archive_of", { used, limit: formatBytes(limit_bytes) }) : used}</dd></div>
    </dl>
  </section>`;
}

function Workers({ workers }) {
  return html`<section aria-labelledby="workers-title">
    <h2 id="workers-title">${t("workers_title")}</h2>
    ${workers.length === 0 && html`<p class="quiet">${t("workers_none")}</p>`}
    <ul class="rows">
      ${workers.map(({ worker_id, lease_seconds_left, task_ids = [] }) => html`<li key=${worker_id} class="row">
        <p class="row-name">${worker_id}</p>
        <p>${lease_seconds_left > 0 ? t("worker_alive") : t("worker_silent")}</p>
        <p class="row-tasks">${task_ids.length ? t("worker_tasks", { count: task_ids.length, ids: task_ids.join(", ") }) : t("worker_idle")}</p>
      </li>`)}
    </ul>
  </section>`;
}
