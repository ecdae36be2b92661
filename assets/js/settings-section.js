/* The Settings section: the key for this session, and what this studio runs with. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, copy } = studio.dom;
  const { get, post, complain, whenShown } = studio.sections;

  class SettingsPage {
    constructor(root) {
      this.keyPanel = h("section", { class: "panel", "aria-label": "fal.ai key" });
      this.table = h("tbody");
      root.replaceChildren(h("div", { class: "page" }, h("h1", { text: "Settings" }), this.keyPanel, h("section", { class: "panel", "aria-label": "This studio" }, h("h2", { text: "This studio" }), h("div", { class: "table-scroll" }, h("table", { class: "ledger settings-table" }, this.table)))));
      whenShown(root, () => this.load());
      studio.live.subscribe((event) => { if (event.type === "studio" || event.type === "snapshot") this.drawKey(); });
      this.drawKey();
    }

    async load() {
      try {
        const { rows } = await get("/studio/doctor");
        this.table.replaceChildren(...rows.map(([name, value, help]) => h("tr", {}, h("td", { text: name }), h("td", { text: value }), h("td", { class: "hint wide", text: help }))));
      } catch (error) { complain(error); }
    }

    drawKey() {
      const state = studio.live.studio || {};
      const isSet = studio.desk.hasKey();
      if (this.drawn === `${isSet}${state.key_tail}`) return;
      this.drawn = `${isSet}${state.key_tail}`;
      this.keyPanel.replaceChildren(h("h2", { text: isSet ? "fal.ai key" : "To make real takes, add a fal.ai key" }), ...(isSet ? this.withKey(state) : this.withoutKey()));
    }

    withKey(state) {
      const remove = button({ class: "btn" }, h("span", { text: "Remove" }));
      remove.addEventListener("click", () => post("/studio/key/remove", {}).catch(complain));
      return [h("div", { class: "row" }, h("p", { text: `Key set${state.key_tail ? `, ends in ${state.key_tail}` : ""}.` }), remove)];
    }

    withoutKey() {
      const line = 'export FAL_KEY="id:secret"';
      const copyLine = button({ class: "btn icon quiet", "aria-label": "Copy" }, icon("copy"));
      copyLine.addEventListener("click", async () => { if (await copy(line)) studio.notices.toast("Copied"); });
      const input = h("input", { class: "field", type: "password", id: "fal-key", autocomplete: "off", spellcheck: "false", placeholder: "id:secret" });
      const wrong = h("p", { class: "wrong", role: "alert" });
      const use = button({ class: "btn strong" }, h("span", { text: "Use key" }));
      const send = async () => {
        try { setText(wrong, ""); const key = input.value; input.value = ""; const answer = await post("/studio/key", { key }); studio.notices.toast(answer.sentence); } catch (error) { setText(wrong, error.message); }
      };
      use.addEventListener("click", send);
      const form = h("form", { class: "row", style: { "flex-wrap": "nowrap" } }, input, use);
      form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
      return [h("div", { class: "grid-2" },
        h("div", {}, h("div", { class: "label", text: "Before you start the studio" }), h("p", { class: "hint", text: "Best. The key never passes through the browser." }), h("div", { class: "code-line" }, h("code", { text: line }), copyLine)),
        h("div", {}, h("label", { class: "label", for: "fal-key", text: "Or for this session" }), h("p", { class: "hint", text: "Kept in the studio's memory until it stops, never shown again." }), form, wrong))];
    }
  }

  studio.islands.settings = (root) => new SettingsPage(root);
})();
