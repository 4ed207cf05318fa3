/** Search through all archived transcripts, and the moments that it finds. */

import { searchLibrary } from "../api/client.js";
import { route, searchAddress, transcriptAddress } from "../core/router.js";
import { clock } from "../core/times.js";
import { explainThrown, formatMoment, languageName, t } from "../i18n/texts.js";
import { Component, html } from "../ui.js";
import { languages } from "./languages.js";
import { Tags } from "./tags.js";

const NARROWING = [["from", "date"], ["to", "date"], ["min_minutes", "number"], ["max_minutes", "number"], ["tag", "text"], ["speaker", "text"]];
/** What people are asked in minutes, and the service in seconds. */
const MINUTES = { min_minutes: "min_duration", max_minutes: "max_duration" };
const LONGEST_QUESTION = 200;

/** Props: `asked`, as in the address: what `GET /search` takes. */
export class SearchView extends Component {
  state = { hits: null, cursor: null, busy: false, failure: null };

  componentDidMount() {
    this.ask();
  }

  componentDidUpdate(before) {
    if (before.asked !== this.props.asked) this.ask();
  }

  componentWillUnmount() {
    this.control?.abort();
  }

  /** @param {string} [cursor] of the page that follows what is shown */
  async ask(cursor) {
    this.control?.abort();
    const { signal } = (this.control = new AbortController());
    const asked = new URLSearchParams(this.props.asked);
    if (cursor) asked.set("cursor", cursor);
    const before = cursor ? this.state.hits : [];
    this.setState({ busy: true, failure: null });
    try {
      const page = await searchLibrary(asked, signal);
      if (signal.aborted) return;
      this.setState({ hits: [...before, ...page.hits], cursor: page.next_cursor ?? null, busy: false });
    } catch (failure) {
      if (!signal.aborted) this.setState({ hits: before, cursor: null, busy: false, failure });
    }
  }

  render({ asked }, { hits, cursor, busy, failure }) {
    const given = Object.fromEntries(new URLSearchParams(asked));
    return html`<div class="view library">
      <h1>${t("title_search")}</h1>
      <${Question} key=${asked} given=${given} />
      ${failure && html`<p class="failure" role="alert">${failure.code === "archive_off" ? t("library_off") : explainThrown(failure)}</p>`}
      <p class="told" role="status">${busy ? t("loading") : failure ? "" : told(hits, cursor, asked)}</p>
      <ul class="cards">${(hits ?? []).map((hit) => html`<${Hit} key=${hit.task_id} hit=${hit} />`)}</ul>
      ${cursor && html`<p><button type="button" class="button" disabled=${busy} onClick=${() => this.ask(cursor)}>${t("tasks_more")}</button></p>`}
    </div>`;
  }
}

function told(hits, cursor, asked) {
  if (!hits) return "";
  if (!hits.length) return t(asked ? "library_none" : "library_empty");
  return t(cursor ? "library_found_more" : "library_found", { count: hits.length });
}

/** As the service is asked. @param {Record<string, string>} filled */
const asked = (filled) =>
  Object.fromEntries(Object.entries(filled).map(([name, value]) => (name in MINUTES && value ? [MINUTES[name], String(Number(value) * 60)] : [name, value])));

/** As people filled it in. @param {Record<string, string>} given */
const filledFrom = (given) =>
  Object.fromEntries(Object.entries(MINUTES).map(([name, told]) => [name, given[told] ? String(Number(given[told]) / 60) : ""]));

function Question({ given: told }) {
  const given = { ...told, ...filledFrom(told) };
  const submitted = (event) => {
    event.preventDefault();
    const address = searchAddress(asked(Object.fromEntries(new FormData(event.currentTarget))));
    if (location.hash !== address) location.hash = address;
    else route.value = { ...route.value };
  };
  const narrowed = given.language || NARROWING.some(([name]) => given[name]);
  return html`<form class="question" role="search" onSubmit=${submitted}>
    <div class="question-row">
      <div class="field"><label for="question">${t("library_label")}</label>
        <input id="question" type="search" name="q" maxlength=${LONGEST_QUESTION} dir="auto" defaultValue=${given.q ?? ""} aria-describedby="question-help" /></div>
      <button type="submit" class="button button-primary">${t("library_search")}</button>
    </div>
    <p id="question-help" class="help">${t("library_help")}</p>
    <details open=${narrowed}>
      <summary>${t("library_more")}</summary>
      <div class="options-row">
        <div class="field"><label for="question-language">${t("library_language")}</label>
          <select id="question-language" name="language">
            <option value="" selected=${!given.language}>${t("library_any_language")}</option>
            ${languages().map(([code, name]) => html`<option key=${code} value=${code} selected=${code === given.language}>${name}</option>`)}
          </select></div>
        ${NARROWING.map(([name, type]) => html`<div key=${name} class="field"><label for=${`question-${name}`}>${t(`library_${name}`)}</label>
          <input id=${`question-${name}`} type=${type} name=${name} dir="auto" min=${type === "number" ? "0" : undefined} step=${type === "number" ? "any" : undefined} defaultValue=${given[name] ?? ""} /></div>`)}
      </div>
    </details>
  </form>`;
}

function Hit({ hit }) {
  const name = hit.title ?? hit.task_id;
  const facts = [hit.duration && clock(hit.duration), hit.language && languageName(hit.language), formatMoment(hit.created_at)];
  return html`<li class="card">
    <div class="card-head"><h2 dir="auto"><a href=${transcriptAddress(hit.task_id)}>${name}</a></h2></div>
    <p class="card-facts">${facts.filter(Boolean).join(" · ")}</p>
    <${Tags} tags=${hit.tags} />
    ${hit.moments.length > 0 && html`<ul class="moments" aria-label=${t("moments_of", { name })}>
      ${hit.moments.map((moment, place) => html`<li key=${place}><a href=${transcriptAddress(hit.task_id, moment.start)}>
        <${Moment} moment=${moment} language=${hit.language} /></a></li>`)}
    </ul>`}
  </li>`;
}

const Moment = ({ moment, language }) => html`
  ${moment.start !== null && html`<span class="moment-time"><span class="visually-hidden">${t("moment_at", { time: clock(moment.start) })}</span>
    <span aria-hidden="true">${clock(moment.start)}</span></span>`}
  <span class="moment-text" dir="auto" lang=${language ?? undefined}>${moment.pieces.map((piece) => (piece.found ? html`<mark>${piece.text}</mark>` : piece.text))}</span>`;
