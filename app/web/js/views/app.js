/** The frame of all views: header, what is wrong with the service, footer, dialogs, what screen readers are told. */

import { announcement } from "../core/announcer.js";
import { route } from "../core/router.js";
import { serviceState } from "../tasks/service.js";
import { language, t } from "../i18n/texts.js";
import { Watcher, createRef, html } from "../ui.js";
import { Confirmation } from "./confirm.js";
import { Footer } from "./footer.js";
import { Header } from "./header.js";
import { KeyDialog } from "./key_dialog.js";
import { OperatorView } from "./operator.js";
import { RecordingsView } from "./recordings.js";
import { SearchView } from "./search.js";
import { SharedView } from "./shared.js";
import { TranscriptView } from "./transcript.js";

class Announcer extends Watcher {
  watched() {
    return [announcement];
  }

  render() {
    const { text, urgent } = announcement.value;
    return html`<div class="visually-hidden">
      <div role="status" aria-live="polite">${urgent ? "" : text}</div>
      <div role="alert">${urgent ? text : ""}</div>
    </div>`;
  }
}

class ServiceNotice extends Watcher {
  watched() {
    return [serviceState];
  }

  render() {
    const { status } = serviceState.value;
    const words = { offline: "service_offline", unavailable: "service_unavailable", no_workers: "service_no_workers" };
    return html`<div role="status">${status in words && html`<p class="notice">${t(words[status])}</p>`}</div>`;
  }
}

export class App extends Watcher {
  main = createRef();

  watched() {
    return [route, language];
  }

  componentDidMount() {
    super.componentDidMount();
    route.listen(() => {
      scrollTo(0, 0);
      this.main.current.focus({ preventScroll: true });
    });
  }

  render() {
    const { view, key, at } = route.value;
    return html`
      <a class="skip" href="#main" onClick=${(event) => this.skip(event)}>${t("skip")}</a>
      <${Header} view=${view} />
      <main id="main" ref=${this.main} tabindex="-1">
        <${ServiceNotice} />
        ${view === "recordings" && html`<${RecordingsView} />`}
        ${view === "transcript" && html`<${TranscriptView} key=${key} of=${key} at=${at} />`}
        ${view === "search" && html`<${SearchView} key="search" asked=${key} />`}
        ${view === "operator" && html`<${OperatorView} />`}
        ${view === "shared" && html`<${SharedView} token=${key} />`}
      </main>
      ${view !== "shared" && html`<${Footer} />`}
      <${Announcer} />
      <${KeyDialog} />
      <${Confirmation} />
    `;
  }

  skip(event) {
    event.preventDefault(); // the address after # names the view
    this.main.current.focus();
  }
}
