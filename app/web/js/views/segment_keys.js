/** Arrows: up and down between segments, left and right within one, as in a table. */

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const CONTROLS = ".segment-time, select, .segment-edit:enabled";

/** @param {KeyboardEvent} event */
export function moveBetween(event) {
  const step = STEPS[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!event.target.matches("button") || event.target.closest(".segment-editor")) return; // arrows are the field's, or the list's
  const row = event.target.closest(".segment");
  const rows = row.parentElement.children;
  const place = Array.prototype.indexOf.call(rows, row) + step[0];
  const controls = [...row.querySelectorAll(CONTROLS)];
  const at = controls.indexOf(event.target) + step[1];
  const next = step[0] ? rows[place]?.querySelector(event.target.matches(".segment-edit") ? ".segment-edit" : ".segment-time") : controls[at];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** The segment that keys mean: that of the focus, else the one that is said now, else the first that is seen. @param {Element} list @param {number} top where the text begins to be seen */
export function rowMeant(list, top) {
  const focused = document.activeElement?.closest(".segment");
  return focused ?? list.querySelector(".segment[aria-current]") ?? firstSeen(list, top);
}

/** The first segment that is not above `top`. @param {Element} list @param {number} top pixels of the window @returns {Element | null} */
export function firstSeen(list, top) {
  let [low, high] = [0, list.children.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list.children[middle].getBoundingClientRect().bottom <= top + 1) low = middle + 1;
    else high = middle;
  }
  return list.children[low] ?? null;
}
