/** Other versions of a transcript, and one more with a better model. */

import { versions } from "../api/client.js";
import { transcriptAddress } from "../core/router.js";
import { read, write } from "../core/storage.js";
import { doAgain } from "../tasks/actions.js";
import { history } from "../tasks/history.js";
import { betterThan, ratioOf } from "../tasks/models.js";
import { modelList, serviceState } from "../tasks/service.js";
import { formatMoment, formatNumber, formatSpan, t } from "../i18n/texts.js";
import { Watcher, html } from "../ui.js";
import { choiceOf } from "./model_facts.js";

const ADVISED = "advised_larger_model";
/** Languages in which small models mishear much more than in English, and up to which accuracy. */
const HARD_LANGUAGES = ["ru"];
const POOR_ACCURACY = 2;

/** Props: `entry`, `transcript`. */
export class Again extends Watcher {
  state = { chosen: "", found: [], isAdvised: read(ADVISED, false) };

  watched() {
    return [modelList, history, serviceState];
  }

  componentDidMount() {
    super.componentDidMount();
    this.look();
  }

  componentDidUpdate() {
    this.look();
  }

  /** Once it is known that there is an archive. */
  look() {
    if (this.asked || !serviceState.value.archive) return;
    this.asked = true;
    versions(this.props.entry.task_id).then((found) => this.setState({ found }), () => undefined);
  }

  /** Those of the service, and those of this browser that are not there yet. @returns {{key: string, model: string, at: number}[]} */
  get others() {
    const { entry, transcript } = this.props;
    const first = transcript.result?.again_of ?? entry.again_of ?? entry.task_id;
    const here = history.value
      .filter(({ task_id, again_of }) => again_of === first || task_id === first)
      .map(({ key, task_id, options, created_at }) => ({ key, id: task_id, model: options.model ?? "", at: created_at }));
    const known = new Set(here.map(({ id }) => id));
    const there = this.state.found.map(({ task_id, model, created_at }) => ({ key: task_id, id: task_id, model: model ?? "", at: created_at }));
    const all = [...here, ...there.filter(({ id }) => !known.has(id))].filter(({ key, id }) => key !== entry.key && id !== entry.task_id);
    return all.sort((one, other) => other.at - one.at);
  }

  render({ transcript }, { chosen, isAdvised }) {
    const { others } = this;
    const models = modelList.value;
    const made = new Set(others.map((each) => each.model));
    const better = betterThan(models, transcript.model, transcript.language).filter(({ name }) => !made.has(name));
    const model = better.find(({ name }) => name === chosen) ?? better[0];
    const own = models.find(({ name }) => name === transcript.model);
    const isPoor = HARD_LANGUAGES.includes(transcript.language) && own?.accuracy <= POOR_ACCURACY;
    const isAdvising = model && isPoor && !isAdvised;
    if (!model && !others.length) return null;
    return html`<section class="again" aria-label=${t("versions")}>
      ${isAdvising && html`<div class="notice again-advice">
        <p>${t("advice_larger", { model: transcript.model, better: model.name })} ${this.cost(own, model)}</p>
        <button type="button" class="link" onClick=${() => this.dismiss()}>${t("advice_dismiss")}</button>
      </div>`}
      ${others.length > 0 && html`<p class="again-others">${t("versions")}: ${others.map(({ key, model: name, at }) =>
        html`<a key=${key} href=${transcriptAddress(key)}>${[name, formatMoment(at)].filter(Boolean).join(" · ")}</a> `)}</p>`}
      ${model && html`<div class="again-new">
        <button type="button" class="button button-small" onClick=${() => this.begin(model)}>${t("again", { model: model.name })}</button>
        ${better.length > 1 && html`<label><span class="visually-hidden">${t("again_model")}</span>
          <select value=${model.name} onChange=${(event) => this.setState({ chosen: event.currentTarget.value })}>
            ${better.map((each) => html`<option key=${each.name} value=${each.name} selected=${each === model}>${choiceOf(each)}</option>`)}
          </select></label>`}
        ${!isAdvising && html`<span class="help">${this.cost(own, model)}</span>`}
      </div>`}
    </section>`;
  }

  /** What it costs in time here, as well as that is known. */
  cost(own, model) {
    const { duration } = this.props.transcript;
    const fetched = model.isPresent === false ? ` ${t("model_absent")}` : "";
    if (model.pace) return t("again_takes", { span: formatSpan(model.pace * duration) }) + fetched;
    const ratio = ratioOf(own, model);
    if (!ratio) return t("model_pace_unknown") + fetched;
    const count = Number(ratio.toFixed(ratio < 3 ? 1 : 0));
    return t("again_takes_times", { count, times: formatNumber(count), model: own.name }) + fetched;
  }

  begin({ name }) {
    const { entry, transcript } = this.props;
    location.hash = transcriptAddress(doAgain(entry, name, transcript.speakers.length > 0)).slice(1);
  }

  dismiss() {
    write(ADVISED, true);
    this.setState({ isAdvised: true });
    document.getElementById("main").focus({ preventScroll: true }); // the button goes
  }
}
