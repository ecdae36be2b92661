/* What changed between two prompts, word by word: the longest common run stays, the rest went out or came in. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h } = studio.dom;

  // A sign of a script without spaces is a word of its own; the studio counts the words of a step the same way.
  const UNSPACED = "\\u2e80-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff";
  const WORD = new RegExp(`([${UNSPACED}]|[^\\s${UNSPACED}]+)(\\s*)`, "g");

  const wordsOf = (text) => [...String(text || "").matchAll(WORD)].map(([, word, gap]) => ({ word, gap }));

  /** Lengths of the longest common runs of what is left from each pair of places on. */
  function runs(before, after) {
    const width = after.length + 1;
    const table = new Uint16Array((before.length + 1) * width);
    for (let row = before.length - 1; row >= 0; row -= 1) {
      for (let column = after.length - 1; column >= 0; column -= 1) {
        const at = row * width + column;
        table[at] = before[row].word === after[column].word ? table[at + width + 1] + 1 : Math.max(table[at + width], table[at + 1]);
      }
    }
    return (row, column) => table[row * width + column];
  }

  /** Parts in reading order, each {kind: "same" | "out" | "in", words}. What went out stands before what came in. */
  function compareWords(oldText, newText) {
    const before = wordsOf(oldText);
    const after = wordsOf(newText);
    const common = runs(before, after);
    const parts = [];
    const put = (kind, one) => {
      if (parts.at(-1)?.kind !== kind) parts.push({ kind, words: [] });
      parts.at(-1).words.push(one);
    };
    let row = 0;
    let column = 0;
    while (row < before.length || column < after.length) {
      if (row < before.length && column < after.length && before[row].word === after[column].word) {
        put("same", after[column]);
        row += 1;
        column += 1;
      } else if (column === after.length || (row < before.length && common(row + 1, column) >= common(row, column + 1))) {
        put("out", before[row]);
        row += 1;
      } else {
        put("in", after[column]);
        column += 1;
      }
    }
    return tidy(parts);
  }

  /** Between two words that stay, all that went out comes first and all that came in after it. */
  function tidy(parts) {
    const found = [];
    for (const part of parts) {
      const last = found.at(-1);
      const before = found.at(-2);
      if (part.kind === "out" && last?.kind === "in" && before?.kind === "out") before.words.push(...part.words);
      else if (part.kind === "out" && last?.kind === "in") found.splice(-1, 0, part);
      else if (part.kind === last?.kind) last.words.push(...part.words);
      else found.push(part);
    }
    return found;
  }

  const count = (parts, kind) => parts.filter((part) => part.kind === kind).reduce((sum, part) => sum + part.words.length, 0);
  const many = (number) => `${number} word${number === 1 ? "" : "s"}`;

  /** "6 words out, 24 in", in words that need no colour. */
  function countWords(parts) {
    const [gone, come] = [count(parts, "out"), count(parts, "in")];
    if (gone && come) return `${many(gone)} out, ${come} in`;
    return gone ? `${many(gone)} out` : come ? `${many(come)} in` : "The same words";
  }

  const TAGS = { out: "del", in: "ins" };

  /** The parts as nodes; the space after a part stands outside of its mark. */
  function wordNodes(parts) {
    return parts.flatMap(({ kind, words }) => {
      const text = words.map(({ word, gap }, index) => (index < words.length - 1 ? word + gap : word)).join("");
      const gap = words.at(-1).gap || (TAGS[kind] ? " " : "");
      return [TAGS[kind] ? h(TAGS[kind], { text }) : text, gap];
    });
  }

  studio.compareParts = Object.assign(studio.compareParts || {}, { compareWords, countWords, wordNodes });
})();
