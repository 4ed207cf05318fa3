/** Drop, choose, paste or record. */

import { announce } from "../core/announcer.js";
import { options, fieldsOf } from "../tasks/options.js";
import { LiveUpload } from "../tasks/live.js";
import { send, sendAddress } from "../tasks/sender.js";
import { t } from "../i18n/texts.js";
import { Component, createRef, html } from "../ui.js";
import { Icon } from "./icons.js";
import { OptionsForm } from "./options_form.js";
import { Recorder } from "./recorder.js";

/** What the file dialog offers first; the service decides. */
const ACCEPT =
  "audio/*,video/*,.ac3,.amr,.au,.awb,.caf,.dss,.dts,.gsm,.m2ts,.mka,.mkv,.mts,.opus,.qta,.spx,.ts,.tta,.vob,.w64,.wma,.wmv,.wv";

/** Whether fingers are all that there is: nothing can be dropped. */
const isTouched = () => matchMedia("(hover: none) and (pointer: coarse)").matches;

/** @param {Iterable<File>} files */
export function sendFiles(files) {
  const all = [...files];
  for (const file of all) send(file, file.name || "recording", fieldsOf(options.value));
  if (all.length) announce(t("sending_files", { count: all.length }));
}

export class Composer extends Component {
  input = createRef();
  state = { over: false, recording: false, wrong: false };

  componentDidMount() {
    this.listening = new AbortController();
    const { signal } = this.listening;
    const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    addEventListener("dragover", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      this.setState({ over: true });
    }, { signal });
    addEventListener("dragleave", (event) => !event.relatedTarget && this.setState({ over: false }), { signal });
    addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      this.setState({ over: false });
      sendFiles(event.dataTransfer.files);
    }, { signal });
    addEventListener("paste", (event) => event.clipboardData?.files.length && sendFiles(event.clipboardData.files), {
      signal,
    });
  }

  componentWillUnmount() {
    this.listening.abort();
  }

  render(_, { over, recording, wrong }) {
    return html`<section class="composer" aria-labelledby="composer-title">
      <div class=${over ? "drop drop-over" : "drop"}>
        <h1 id="composer-title">${t("composer_title")}</h1>
        <p class="lead">${t(isTouched() ? "composer_lead_touch" : "composer_lead")}</p>
        ${recording
          ? html`<${Recorder} onBegin=${(...told) => this.recording(...told)} onEnd=${(file) => this.recorded(file)} />`
          : html`<div class="drop-actions">
              <button type="button" class="button button-primary button-large" onClick=${() => this.input.current.click()}>
                ${t("choose_files")}
              </button>
              <button type="button" class="button button-large" onClick=${() => this.setState({ recording: true })}>
                <${Icon} name="microphone" /> ${t("record")}
              </button>
            </div>`}
        ${!recording && html`<form class="address" noValidate onSubmit=${(event) => this.addressed(event)}>
          <label for="address">${t("address_label")}</label>
          <input id="address" name="url" type="url" inputmode="url" autocomplete="off" placeholder="https://" aria-invalid=${wrong ? "true" : undefined}
            aria-describedby=${wrong ? "address-wrong" : undefined} />
          <button type="submit" class="button">${t("address_send")}</button>
          ${wrong && html`<p id="address-wrong" class="failure" role="alert">${t("address_wrong")}</p>`}
        </form>`}
        <input ref=${this.input} type="file" multiple hidden accept=${ACCEPT} onChange=${(event) => this.chosen(event)} />
      </div>
      <${OptionsForm} />
    </section>`;
  }

  chosen({ currentTarget }) {
    sendFiles(currentTarget.files);
    currentTarget.value = ""; // the same file may be chosen again
  }

  addressed(event) {
    event.preventDefault();
    const field = event.currentTarget.elements.namedItem("url");
    const isAddress = /^https?:\/\/./i.test(field.value.trim()) && URL.canParse(field.value.trim());
    this.setState({ wrong: !isAddress });
    if (!isAddress) return field.focus();
    sendAddress(field.value.trim(), fieldsOf(options.value));
    field.value = "";
    announce(t("sending_files", { count: 1 }));
  }

  recording(name, type, parts) {
    this.live = new LiveUpload(name, type, fieldsOf(options.value), parts);
  }

  /** @param {File | null} file */
  async recorded(file) {
    this.setState({ recording: false });
    const { live } = this;
    this.live = undefined;
    if (!file) return live?.discard();
    const address = await live?.stop();
    send(file, file.name, fieldsOf(options.value), address);
    announce(t("sending_files", { count: 1 }));
  }
}
