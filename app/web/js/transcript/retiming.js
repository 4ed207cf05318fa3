/** Words of a text that people wrote, with the times of the words that were heard in its place: app/formats/retiming.py. */

/** @typedef {import("./transcript.js").Word} Word */

/** Share of common words below which a text was written anew. */
const LEAST_ALIKE = 0.4;
/** Pairs of words that are compared; a segment has at most some hundred words. */
const MOST_PAIRS = 250_000;

/** What a word is compared by: punctuation and capitals are often all that is corrected. @param {string} word */
const plain = (word) => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "") || word.trim();

/**
 * Words that were said as they are written keep their times; the others share the time of those whose place they take.
 * @param {Word[]} heard @param {string} text @returns {Word[]} without any, where none were heard
 */
export function retimed(heard, text) {
  if (!heard.length) return [];
  const written = text.split(/\s+/).filter(Boolean);
  const pairs = heard.length * written.length > MOST_PAIRS ? [] : commonPairs(heard.map(({ word }) => plain(word)), written.map(plain));
  const alike = (2 * pairs.length) / (heard.length + written.length);
  const kept = alike < LEAST_ALIKE ? [] : pairs;
  const found = [];
  let [at, begin] = [0, 0];
  for (const [one, two] of [...kept, [heard.length, written.length]]) {
    found.push(...shared(written.slice(begin, two), ...spanOf(heard, at, one)));
    if (one < heard.length) found.push({ ...heard[one], word: ` ${written[two]}` });
    [at, begin] = [one + 1, two + 1];
  }
  return found;
}

/** The longest common subsequence. @param {string[]} one @param {string[]} two @returns {[number, number][]} places in both */
function commonPairs(one, two) {
  const width = two.length + 1;
  const lengths = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = two.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      lengths[at] = one[i] === two[j] ? lengths[at + width + 1] + 1 : Math.max(lengths[at + width], lengths[at + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, j = 0; i < one.length && j < two.length; ) {
    const at = i * width + j;
    if (one[i] === two[j]) pairs.push([i++, j++]);
    else if (lengths[at + width] >= lengths[at + 1]) i += 1;
    else j += 1;
  }
  return pairs;
}

/** The time of the words from `from` to before `to`, or of the gap where there are none. @returns {[number, number]} */
function spanOf(heard, from, to) {
  if (from < to) return [heard[from].start, Math.max(heard[from].start, heard[to - 1].end)];
  const start = from ? heard[from - 1].end : heard[0].start;
  return [start, Math.max(start, to < heard.length ? heard[to].start : start)];
}

/** Words that share a span by their letters; nobody asked a model of them, so none is doubtful. @param {string[]} words @returns {Word[]} */
export function shared(words, start, end) {
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  let said = 0;
  return words.map((word) => {
    const begin = start + ((end - start) * said) / letters;
    said += word.length;
    return { start: begin, end: start + ((end - start) * said) / letters, word: ` ${word}`, doubtful: false };
  });
}
