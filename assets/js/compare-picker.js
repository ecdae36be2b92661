/* Choosing the other take, in the place where it will be shown: newest first, found by words; it only reads. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, setText, show, patchChildren } = studio.dom;
  const { price, isClip } = studio.takeParts;

  const TYPING_MS = 150;
  const MOST = 24;

  function choice(card) {
    return button(
      { class: "compare-choice", data: { choice: card.id, world: card.world } },
      h("span", { class: "compare-choice-picture" }, card.media.poster ? h("img", { src: card.media.poster, alt: "", loading: "lazy" }) : null),
      h("span", { class: "compare-choice-words" }, h("b", { text: card.label }), h("span", { class: "num", text: price(card) }), h("small", { text: card.prompt || card.title || "" })),
    );
  }

  /** `onPick(card)` with the take that was chosen. */
  function createPicker(onPick) {
    const search = h("input", { class: "field", type: "search", "aria-label": "Search takes to compare with", placeholder: "Search words, voices, request ids", maxlength: "200" });
    const list = h("div", { class: "compare-choices", role: "group", "aria-label": "Takes to compare with" });
    const empty = h("p", { class: "hint", role: "status" });
    const root = h("section", { class: "compare-picker", "aria-label": "Choose the other take", hidden: true }, h("h2", { text: "Compare with which take?" }), search, list, empty);
    let card = null;
    let found = [];
    let timer = 0;
    let ticket = null;

    async function load() {
      const own = (ticket = Symbol("load"));
      try {
        const answer = await studio.sections.get(`/studio/takes?${new URLSearchParams({ search: search.value })}`);
        if (ticket !== own) return;
        found = answer.takes.filter((one) => isClip(one) && one.id !== card.id).slice(0, MOST);
        patchChildren(list, JSON.stringify(found.map((one) => [one.id, price(one)])), () => found.map(choice));
        const words = search.value.trim();
        setText(empty, found.length ? "" : words ? `Nothing matches '${words}'.` : "There is no other take yet. Rehearse another one for free.");
      } catch (error) {
        studio.sections.complain(error);
      }
    }

    function open(next) {
      card = next;
      show(root, true);
      load();
    }

    search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(load, TYPING_MS);
    });
    list.addEventListener("click", (event) => {
      const id = event.target.closest("[data-choice]")?.dataset.choice;
      if (id) onPick(found.find((one) => one.id === id));
    });

    return { root, open, close: () => show(root, false), focus: () => search.focus() };
  }

  Object.assign(studio.compareParts, { createPicker });
})();
