/** Model, language and the rarer options of what is sent next. */

import { changedCount, options } from "../tasks/options.js";
import { modelList } from "../tasks/service.js";
import { has, t } from "../i18n/texts.js";
import { Watcher, html } from "../ui.js";
import { languages } from "./languages.js";
import { choiceOf, factsOf, gradeOf } from "./model_facts.js";

const change = (name, value) => (options.value = { ...options.value, [name]: value });

export class OptionsForm extends Watcher {
  watched() {
    return [options, modelList];
  }

  render() {
    const value = options.value;
    const changed = changedCount(value);
    return html`<form class="options" onSubmit=${(event) => event.preventDefault()} aria-label=${t("options")}>
      <div class="options-row">
        <${Choice} name="language" choices=${[["", t("language_detect")], ...languages()]} />
        <${ModelChoice} chosen=${value.model} />
      </div>
      <details>
        <summary>${t("options_more")}${changed > 0 && html` <span class="count">${t("options_changed", { count: changed })}</span>`}</summary>
        <div class="options-more">
          <${Choice} name="task" choices=${[["transcribe", t("task_transcribe")], ["translate", t("task_translate")]]} />
          <${Choice} name="priority" choices=${[["normal", t("priority_normal")], ["high", t("priority_high")]]} />
          <${Text} name="prompt" />
          <${Text} name="hotwords" />
          <${Text} name="trim" type="number" min="1" />
          <${Choice} name="channels" choices=${[["", t("channels_auto")], ["mix", t("channels_mix")], ["split", t("channels_split")]]} />
          <${Text} name="speakers" />
          <${Text} name="track" />
          <div class="checks">
            ${["diarize", "word_timestamps", "vad", "reuse"].map((name) => html`<${Check} key=${name} name=${name} />`)}
          </div>
        </div>
      </details>
    </form>`;
  }
}

function ModelChoice({ chosen }) {
  const models = modelList.value;
  const usual = models.find(({ isDefault }) => isDefault);
  const model = chosen ? models.find(({ name }) => name === chosen) : usual;
  const option = (each) => html`<option key=${each.name} value=${each.name} selected=${each.name === chosen}>${choiceOf(each)}</option>`;
  const [here, elsewhere] = [models.filter(({ isPresent }) => isPresent !== false), models.filter(({ isPresent }) => isPresent === false)];
  return html`<div class="field">
    <label for="option-model">${t("option_model")}</label>
    <select id="option-model" value=${chosen} aria-describedby="help-model" onChange=${(event) => change("model", event.currentTarget.value)}>
      <option value="" selected=${!chosen}>${usual ? t("model_default_is", { model: usual.name }) : t("model_default")}</option>
      ${chosen && !model && html`<option value=${chosen} selected>${chosen}</option>`}
      ${here.length > 0 && html`<optgroup label=${t(elsewhere.length ? "models_present" : "models_all")}>${here.map(option)}</optgroup>`}
      ${elsewhere.length > 0 && html`<optgroup label=${t("models_absent")}>${elsewhere.map(option)}</optgroup>`}
    </select>
    <p class="help" id="help-model">${model ? [!chosen && gradeOf(model), factsOf(model)].filter(Boolean).join(". ") : ""}</p>
  </div>`;
}

/** With a line of help below it where there is a text of that name. */
function Choice({ name, choices }) {
  const help = `help_${name}`;
  return html`<div class="field">
    <label for=${`option-${name}`}>${t(`option_${name}`)}</label>
    <select id=${`option-${name}`} aria-describedby=${has(help) ? `help-${name}` : null} value=${options.value[name]} onChange=${(event) => change(name, event.currentTarget.value)}>
      ${choices.map(([value, text]) => html`<option key=${value} value=${value} selected=${value === options.value[name]}>${text}</option>`)}
    </select>
    ${has(help) && html`<p class="help" id=${`help-${name}`}>${t(help)}</p>`}
  </div>`;
}

/** Taken as it is typed: the form is drawn again when models arrive, and would put back what was there before. */
function Text({ name, type = "text", min }) {
  return html`<div class="field">
    <label for=${`option-${name}`}>${t(`option_${name}`)}</label>
    <input id=${`option-${name}`} type=${type} min=${min} value=${options.value[name]} autocomplete="off"
      aria-describedby=${`help-${name}`} onInput=${(event) => change(name, event.currentTarget.value)} />
    <p class="help" id=${`help-${name}`}>${t(`help_${name}`)}</p>
  </div>`;
}

function Check({ name }) {
  return html`<label class="check">
    <input type="checkbox" checked=${options.value[name]} onChange=${(event) => change(name, event.currentTarget.checked)} />
    <span>${t(`option_${name}`)}</span>
  </label>`;
}
