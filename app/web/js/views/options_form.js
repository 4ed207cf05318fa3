/** Model, language and the rarer options of what is sent next. */

import { changedCount, options } from "../tasks/options.js";
import { modelNames } from "../tasks/service.js";
import { languageName, t } from "../i18n/texts.js";
import { Watcher, html } from "../ui.js";
import { LANGUAGE_CODES } from "./language_codes.js";

const change = (name, value) => (options.value = { ...options.value, [name]: value });

export class OptionsForm extends Watcher {
  watched() {
    return [options, modelNames];
  }

  render() {
    const value = options.value;
    const names = modelNames.value;
    const models = value.model && !names.includes(value.model) ? [value.model, ...names] : names;
    const changed = changedCount(value);
    return html`<form class="options" onSubmit=${(event) => event.preventDefault()} aria-label=${t("options")}>
      <div class="options-row">
        <${Choice} name="language" choices=${languages()} />
        <${Choice} name="model" choices=${[["", t("model_default")], ...models.map((each) => [each, each])]} />
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

/** Languages by name, that of the page first. */
function languages() {
  const named = LANGUAGE_CODES.map((code) => [code, languageName(code)]);
  named.sort((one, other) => one[1].localeCompare(other[1]));
  const often = ["ru", "en"].map((code) => [code, languageName(code)]);
  return [["", t("language_detect")], ...often, ...named.filter(([code]) => code !== "ru" && code !== "en")];
}

function Choice({ name, choices }) {
  return html`<div class="field">
    <label for=${`option-${name}`}>${t(`option_${name}`)}</label>
    <select id=${`option-${name}`} value=${options.value[name]} onChange=${(event) => change(name, event.currentTarget.value)}>
      ${choices.map(([value, text]) => html`<option key=${value} value=${value} selected=${value === options.value[name]}>${text}</option>`)}
    </select>
  </div>`;
}

function Text({ name, type = "text", min }) {
  return html`<div class="field">
    <label for=${`option-${name}`}>${t(`option_${name}`)}</label>
    <input id=${`option-${name}`} type=${type} min=${min} value=${options.value[name]} autocomplete="off"
      aria-describedby=${`help-${name}`} onChange=${(event) => change(name, event.currentTarget.value)} />
    <p class="help" id=${`help-${name}`}>${t(`help_${name}`)}</p>
  </div>`;
}

function Check({ name }) {
  return html`<label class="check">
    <input type="checkbox" checked=${options.value[name]} onChange=${(event) => change(name, event.currentTarget.checked)} />
    <span>${t(`option_${name}`)}</span>
  </label>`;
}
