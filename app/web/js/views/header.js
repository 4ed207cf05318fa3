/** Name, views, language, theme. */

import { THEMES, theme } from "../core/theme.js";
import { serviceState } from "../tasks/service.js";
import { LANGUAGES, language, t } from "../i18n/texts.js";
import { Watcher, html } from "../ui.js";
import { Icon } from "./icons.js";

const THEME_ICONS = { system: "system", light: "sun", dark: "moon" };

export class Header extends Watcher {
  watched() {
    return [theme, serviceState];
  }

  render({ view }) {
    const mark = html`<span class="brand-mark" aria-hidden="true"></span>`;
    const current = (name) => (name === view ? "page" : undefined);
    return html`<header class="top">
      <div class="top-inside">
        ${view === "shared"
          ? html`<span class="brand">${mark}Transcriber</span>`
          : html`<a class="brand" href="#/">${mark}Transcriber</a>
            <nav aria-label=${t("views")}>
              <a href="#/" aria-current=${current("recordings")}>${t("title_recordings")}</a>
              ${serviceState.value.archive && html`<a href="#/search" aria-current=${current("search")}>${t("title_search")}</a>`}
              <a href="#/operator" aria-current=${current("operator")}>${t("title_operator")}</a>
            </nav>`}
        <div class="top-switches">
          ${Object.entries(LANGUAGES).map(
            ([code, texts]) => html`<button key=${code} type="button" class="switch" lang=${code} title=${texts.language_name}
              aria-label=${`${code.toUpperCase()}, ${texts.language_name}`} aria-pressed=${String(language.value === code)}
              onClick=${() => (language.value = code)}>${code.toUpperCase()}</button>`,
          )}
          <button type="button" class="switch" aria-label=${t("theme", { theme: t(`theme_${theme.value}`) })}
            title=${t("theme", { theme: t(`theme_${theme.value}`) })} onClick=${nextTheme}>
            <${Icon} name=${THEME_ICONS[theme.value]} />
          </button>
        </div>
      </div>
    </header>`;
  }
}

function nextTheme() {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
}
