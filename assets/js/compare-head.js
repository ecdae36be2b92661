/* Small pieces of Compare: the head over each picture, the choice of view, the table of settings; they draw and do nothing. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, setAttr, show } = studio.dom;
  const { price } = studio.takeParts;

  const VIEWS = [["side", "Side by side", "Stacked"], ["wipe", "Wipe", "Wipe"], ["overlay", "Overlay", "Overlay"]];
  const letter = (side) => h("span", { class: "compare-letter", data: { side }, "aria-hidden": "true", text: side.toUpperCase() });

  function createHead(side) {
    const title = h("h2", {});
    const sum = h("span", { class: "compare-price num" });
    const other = button({ class: "btn quiet small", data: { act: "change" }, "aria-label": "Choose another take for B", text: "Change" });
    const hear = button({ class: "btn quiet small", data: { hear: side }, "aria-pressed": "false" }, icon("muted"), h("span", {}));
    const starred = button({ class: "btn icon quiet compare-star", "aria-pressed": "false", data: { star: side } }, icon("star"));
    const root = h("div", { class: "compare-head", data: { side } }, letter(side), title, sum, side === "b" ? other : null, h("span", { class: "compare-gap" }), hear, starred);

    function update(card) {
      show(root, Boolean(card));
      if (!card) return;
      setText(title, card.label);
      setText(sum, price(card));
      setAttr(sum, "data-world", card.world);
      setAttr(starred, "aria-label", `Star ${card.label.toLowerCase()}`);
      setAttr(starred, "aria-pressed", String(Boolean(card.starred)));
    }

    return { root, update };
  }

  const viewRadios = () => VIEWS.map(viewRadio);

  function viewRadio([id, wide, narrow]) {
    const words = wide === narrow ? [wide] : [h("span", { class: "compare-wide", text: wide }), h("span", { class: "compare-narrow", text: narrow })];
    return h("label", {}, h("input", { type: "radio", name: "studio-compare-view", value: id }), ...words);
  }

  function tableNodes(rows, cards) {
    const head = ["A", "B"].map((name, index) => h("th", { scope: "col", text: `${name}, ${cards[index].label.toLowerCase()}` }));
    const body = rows.map((row) => h("tr", {}, h("th", { scope: "row", text: row.name }), h("td", { text: row.a }), h("td", { text: row.b })));
    return [h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "only-spoken", text: "Setting" })), ...head)), h("tbody", {}, ...body)];
  }

  Object.assign(studio.compareParts, { createHead, viewRadios, tableNodes });
})();
