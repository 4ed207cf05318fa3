/** The recording as a picture: how loud, where speech is, where words are doubtful, where it plays. A slider. */

import { clock } from "../core/times.js";
import { theme } from "../core/theme.js";
import { t } from "../i18n/texts.js";
import { Watcher, createRef, html } from "../ui.js";

const BAR = 3; // pixels, the gap of 1 included
const MARK = 5; // pixels at the lower edge
const STEPS = { ArrowRight: 5, ArrowUp: 5, ArrowLeft: -5, ArrowDown: -5, PageUp: 30, PageDown: -30 };

/** Props: `playback`, `transcript`, `peaks`. */
export class Waveform extends Watcher {
  canvas = createRef();

  watched() {
    return [theme, this.props.playback.duration];
  }

  componentDidMount() {
    super.componentDidMount();
    this.stops.push(this.props.playback.time.listen(() => this.tick()));
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.canvas.current);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.onchange = () => this.draw();
  }

  componentDidUpdate() {
    this.draw();
  }

  componentWillUnmount() {
    super.componentWillUnmount();
    this.sizes.disconnect();
    this.scheme.onchange = null;
  }

  render({ playback }) {
    return html`<canvas ref=${this.canvas} class="waveform" role="slider" tabindex="0" aria-label=${t("place")}
      aria-valuemin="0" aria-valuemax=${Math.ceil(playback.duration.value)} aria-valuenow=${Math.floor(playback.time.value)}
      aria-valuetext=${clock(playback.time.value)} onKeyDown=${(event) => this.pressed(event)}
      onPointerDown=${(event) => this.grabbed(event)} onPointerMove=${(event) => event.buttons && this.pointed(event)}></canvas>`;
  }

  tick() {
    const { time } = this.props.playback;
    const canvas = this.canvas.current;
    if (canvas.getAttribute("aria-valuenow") !== String(Math.floor(time.value))) {
      canvas.setAttribute("aria-valuenow", String(Math.floor(time.value)));
      canvas.setAttribute("aria-valuetext", clock(time.value));
    }
    this.draw();
  }

  grabbed(event) {
    if (event.button) return;
    this.canvas.current.setPointerCapture(event.pointerId);
    this.pointed(event);
  }

  pointed(event) {
    const { left, width } = this.canvas.current.getBoundingClientRect();
    const { playback } = this.props;
    playback.seek(((event.clientX - left) / width) * playback.duration.value);
  }

  pressed(event) {
    const { playback } = this.props;
    const { time, duration } = playback;
    if (event.key in STEPS) playback.seek(time.value + STEPS[event.key]);
    else if (event.key === "Home") playback.seek(0);
    else if (event.key === "End") playback.seek(duration.value);
    else if (event.key === " ") playback.toggle();
    else return;
    event.preventDefault();
  }

  draw() {
    const canvas = this.canvas.current;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    const scale = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(`--wave-${name}`);
    const { duration, time } = this.props.playback;
    const x = (seconds) => (seconds / (duration.value || 1)) * width;
    this.bars(pen, width, height - MARK - 4, colour, x(time.value));
    this.marks(pen, height - MARK, colour, x);
    pen.fillStyle = colour("head");
    pen.fillRect(Math.min(width - 2, Math.max(0, x(time.value) - 1)), 0, 2, height);
  }

  bars(pen, width, height, colour, played) {
    const levels = this.props.peaks?.levels;
    const count = Math.floor(width / BAR);
    for (let bar = 0; bar < count; bar += 1) {
      const level = levels ? loudest(levels, bar / count, (bar + 1) / count) : 0;
      const tall = Math.max(2, level * height);
      pen.fillStyle = colour(bar * BAR < played ? "played" : "rest");
      pen.fillRect(bar * BAR, (height - tall) / 2, BAR - 1, tall);
    }
  }

  marks(pen, top, colour, x) {
    const { segments, doubts } = this.props.transcript;
    const mark = (spans, name) => {
      pen.fillStyle = colour(name);
      for (const { start, end } of spans) pen.fillRect(x(start), top, Math.max(2, x(end) - x(start) - 1), MARK);
    };
    mark(segments, "speech");
    mark(doubts, "doubt");
  }
}

/** @param {Float32Array} levels @param {number} from part of the whole @param {number} to */
function loudest(levels, from, to) {
  const end = Math.max(Math.floor(from * levels.length) + 1, Math.floor(to * levels.length));
  let found = 0;
  for (let at = Math.floor(from * levels.length); at < end; at += 1) found = Math.max(found, levels[at] ?? 0);
  return found;
}
