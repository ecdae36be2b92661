/* What can be done with one take or many: star, bin and back with Undo, download; and the bar that many raise. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, setAttr, show } = studio.dom;
  const { number, isClip } = studio.takeParts;

  const BETWEEN_FILES_MS = 350; // browsers drop downloads that start in the same moment
  const MOST_NAMED = 4;

  const listed = (names) => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0] || "");

  /** An old take is acted on without putting it among the newest that the page keeps at hand. */
  function act(card, action, body) {
    if (studio.live.takes.has(card.id)) return studio.live.act(card.id, action, body);
    return studio.live.post(`/studio/takes/${encodeURIComponent(card.id)}/${action}`, body);
  }

  /** One after the other; gives the cards for which it worked and says what did not. */
  async function actOnAll(cards, action, body) {
    const done = [];
    for (const card of cards) {
      const answer = await act(card, action, body);
      if (answer.error) studio.notices.problem({ title: card.label, sentence: answer.error.sentence });
      else done.push(answer.card);
    }
    return done;
  }

  const star = (cards, starred) => actOnAll(cards, "star", { starred });

  /** `onDone(cards)` after the bin and again after Undo. */
  async function bin(cards, onDone) {
    const gone = await actOnAll(cards, "delete");
    if (!gone.length) return gone;
    const words = gone.length === 1 ? `${gone[0].label} is in the bin.` : `${gone.length} takes are in the bin.`;
    const undo = async () => onDone(await actOnAll(gone, "restore"));
    studio.notices.toast(words, { action: { label: "Undo", run: undo } });
    onDone(gone);
    return gone;
  }

  async function restore(cards, onDone) {
    const back = await actOnAll(cards, "restore");
    if (!back.length) return;
    studio.notices.toast(back.length === 1 ? `${back[0].label} is back.` : `${back.length} takes are back.`);
    onDone(back);
  }

  function download(cards) {
    cards.filter(isClip).forEach((card, index) => {
      const link = h("a", { href: card.media.video, download: studio.stageParts.fileName(card, ".mp4") });
      setTimeout(() => link.click(), index * BETWEEN_FILES_MS);
    });
  }

  const iconButton = (id, name, label) => button({ class: "btn icon quiet", "aria-label": label, title: label, data: { bar: id } }, icon(name));

  /** The bar over the page while two or more takes are selected. `onBar(id)`: compare, star, download, delete, restore, clear. */
  function createBar(onBar) {
    const count = h("b", {});
    const names = h("span", {});
    const compare = button({ class: "btn strong", data: { bar: "compare" } }, icon("compare"), h("span", { text: "Compare" }));
    const star = iconButton("star", "star", "Star");
    const take = iconButton("download", "download", "Download");
    const bin = iconButton("delete", "bin", "Delete");
    const back = button({ class: "btn", data: { bar: "restore" }, text: "Restore" });
    const root = h("div", { class: "takes-bar", role: "group", "aria-label": "Selected takes", hidden: true }, h("p", { class: "num" }, count, " ", names), compare, back, star, take, bin, iconButton("clear", "close", "Clear selection"));

    function update(cards) {
      const isBinned = cards.some((card) => card.is_binned);
      show(root, cards.length > 1);
      setText(count, `${cards.length} selected`);
      setText(names, cards.length > MOST_NAMED ? "" : listed(cards.map(number)));
      show(compare, cards.length === 2 && cards.every(isClip) && !isBinned);
      show(back, isBinned);
      const areStarred = cards.length > 0 && cards.every((card) => card.starred);
      setAttr(star, "aria-pressed", String(areStarred));
      show(star, !isBinned);
      show(take, cards.some(isClip));
      show(bin, !isBinned && cards.some((card) => (card.actions || []).includes("delete")));
    }

    root.addEventListener("click", (event) => {
      const id = event.target.closest("[data-bar]")?.dataset.bar;
      if (id) onBar(id);
    });

    return { root, update };
  }

  Object.assign(studio.takeParts, { act, star, bin, restore, download, createBar });
})();
