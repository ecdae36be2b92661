/* One card of the gallery: picture, words, number, money and lineage, patched in place; hovering looks through its strip. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, setAttr, show, cssUrl, money, clock, clamp } = studio.dom;

  const WIDE = 16 / 9;
  const TILES = 12;
  const WORDS = { failed: "Refused", unknown: "Lost answer", cancelled: "Cancelled" };

  /* Drawn as the shared icons are. Constant strings only. */
  const SYMBOLS = {
    search: '<circle cx="8.8" cy="8.8" r="5.4"/><path d="M12.9 12.9l4 4"/>',
    branch: '<circle cx="5.6" cy="4.6" r="1.9"/><circle cx="5.6" cy="15.4" r="1.9"/><circle cx="14.6" cy="10" r="1.9"/><path d="M5.6 6.5v7M5.6 10h7.1"/>',
    left: '<path d="M12 5.4L7.4 10l4.6 4.6"/>',
  };
  const cut = document.createElement("template");

  function symbol(name) {
    cut.innerHTML = `<svg viewBox="0 0 20 20" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">${SYMBOLS[name]}</svg>`;
    return cut.content.firstChild.cloneNode(true);
  }

  const isRehearsal = (card) => card.world === "rehearsal";
  const number = (card) => (isRehearsal(card) ? `R${card.number}` : String(card.number));
  /** "12" or "R7" out of a label: where only the label is known. */
  const short = (label) => label.replace(/^Take /, "").replace(/^Rehearsal /, "R");
  const isClip = (card) => Boolean(card.media?.video);
  const cost = (card) => money(card.billed_usd_micros ?? card.estimate_usd_micros);
  const seconds = (card) => (card.duration_s ? `${card.duration_s.toFixed(1)} s` : "");

  /** What became of the money, as few words as hold it. */
  function price(card) {
    if (isRehearsal(card)) return "free";
    if (card.charge === "may_be_billed" || card.state === "unknown") return `may bill ${money(card.estimate_usd_micros)}`;
    if (card.charge === "held") return `${money(card.held_usd_micros || card.estimate_usd_micros)} held`;
    return card.charge === "not_billed" ? "$0.00" : cost(card);
  }

  function openWord(card) {
    if (card.state === "running") return isRehearsal(card) ? "Drawing" : `Filming ${clock(studio.stageParts.elapsed(card))}`;
    if (card.state === "fetching") return "Saving";
    return card.state === "submitting" ? "Sending" : "Queued";
  }

  /** The word over a dimmed picture, with the money; empty for a take that can be played. */
  function overWords(card) {
    if (studio.live.isOpen(card)) return openWord(card);
    if (card.state === "kept") return isClip(card) ? "" : "The clip is no longer on disk";
    const word = card.state === "failed" && !card.submitted_at ? "Not made" : WORDS[card.state] || "";
    return isRehearsal(card) ? word : `${word}, ${price(card)}`;
  }

  /** Show tile `index` of a strip in a box of the ratio `box`, cut as `object-fit: cover` cuts; percentages, so that it
   *  needs no measuring where the box keeps its ratio. */
  function placeTile(node, card, index, box = WIDE) {
    const ratio = card.width_px && card.height_px ? card.width_px / card.height_px : WIDE;
    const count = card.strip_times_s?.length || TILES;
    const tile = Math.max(1, ratio / box); // the width of a tile, in widths of the box
    const height = Math.max(1, box / ratio);
    const across = (index * tile + (tile - 1) / 2) / (count * tile - 1);
    node.style.backgroundImage = cssUrl(card.media.strip);
    node.style.backgroundSize = `${count * tile * 100}% ${height * 100}%`;
    node.style.backgroundPosition = `${across * 100}% 50%`;
  }

  const spoken = (text) => h("span", { class: "only-spoken", text });

  function createCard(id) {
    const picture = h("img", { alt: "", loading: "lazy", decoding: "async", draggable: "false" });
    const scrub = h("span", { class: "card-scrub", hidden: true });
    const word = h("span", { class: "card-word" });
    const tag = h("span", { class: "card-tag", text: "Rehearsal" });
    const length = h("span", { class: "card-length" });
    const star = h("span", { class: "card-star" }, icon("star"), spoken("Starred. "));
    const words = h("span", { class: "card-words" });
    const kind = spoken("");
    const label = h("b", {});
    const sum = h("span", { class: "card-price" });
    const from = h("span", { class: "card-lineage" }, symbol("branch"), h("span", {}));
    const opener = button(
      { class: "card-open", tabindex: "-1" },
      h("span", { class: "card-picture" }, picture, scrub, word, tag, length, star),
      words,
      h("span", { class: "card-line num" }, h("span", {}, kind, label), sum, from),
    );
    const pick = h("input", { type: "checkbox", class: "card-pick", tabindex: "-1" });
    const root = h("li", { class: "card", data: { take: id } }, opener, pick);
    let card = null;

    function tick() {
      const text = overWords(card);
      setText(word, text);
      show(word, Boolean(text));
    }

    /** One word on lineage: where it came from, else how many came of it. */
    function lineage() {
      if (card.parent) return `from ${short(card.parent.label)}`;
      return card.follow_count ? `${card.follow_count} follow${card.follow_count === 1 ? "s" : ""}` : "";
    }

    function update(next) {
      card = next;
      const url = card.media?.poster || card.start_thumb || null;
      setAttr(picture, "src", url);
      show(picture, Boolean(url));
      for (const name of ["world", "state"]) setAttr(root, `data-${name}`, card[name]);
      setAttr(root, "data-dim", overWords(card) ? "yes" : null);
      show(tag, isRehearsal(card));
      setText(length, seconds(card));
      show(length, Boolean(card.duration_s));
      show(star, Boolean(card.starred));
      setText(words, card.prompt || card.title || card.mode_title || "");
      setText(kind, isRehearsal(card) ? "Rehearsal " : "Take ");
      setText(label, number(card));
      setText(sum, price(card));
      setText(from.lastChild, lineage());
      show(from, Boolean(lineage()));
      setAttr(pick, "aria-label", `Select ${card.label.toLowerCase()}`);
      tick();
    }

    /** `part` of the way across the picture, from 0 to 1: that moment's tile, without touching any video. */
    function look(part) {
      if (!card?.media?.strip) return;
      const count = card.strip_times_s?.length || TILES;
      const index = clamp(Math.floor(part * count), 0, count - 1);
      if (scrub.dataset.tile === String(index) && !scrub.hidden) return;
      scrub.dataset.tile = String(index);
      scrub.style.setProperty("--part", (index + 0.5) / count);
      placeTile(scrub, card, index);
      show(scrub, true);
    }

    return {
      root, opener, pick, update, tick, look,
      rest: () => show(scrub, false),
      card: () => card,
    };
  }

  studio.takeParts = { createCard, symbol, number, short, price, seconds, overWords, isClip, isRehearsal, placeTile };
})();
