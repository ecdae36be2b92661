/* The Takes section: search, filters and cards of every take; it opens a take and never makes one. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, money, setText, show } = studio.dom;
  const { get, post, complain, whenShown } = studio.sections;

  const FILTERS = [["all", "All"], ["takes", "Takes"], ["rehearsals", "Rehearsals"], ["starred", "Starred"], ["trouble", "Needs a look"], ["bin", "Bin"]];

  class TakesPage {
    constructor(root) {
      this.filter = "all";
      this.page = 1;
      this.search = h("input", { class: "field", type: "search", "aria-label": "Search takes", placeholder: "Search words, voices, request ids" });
      this.chips = h("div", { class: "row", role: "group", "aria-label": "Filter" });
      this.cards = h("div", { class: "cards" });
      this.empty = h("p", { class: "empty" });
      this.more = button({ class: "btn" }, h("span", { text: "Older takes" }));
      this.earlier = button({ class: "btn" }, h("span", { text: "Newer takes" }));
      root.replaceChildren(h("div", { class: "page" }, h("h1", { text: "Takes" }), h("div", { class: "page-bar" }, this.search, this.chips), this.cards, this.empty, h("div", { class: "row" }, this.earlier, this.more)));
      let timer = 0;
      this.search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => { this.page = 1; this.load(); }, 150); });
      this.more.addEventListener("click", () => { this.page += 1; this.load(); });
      this.earlier.addEventListener("click", () => { this.page -= 1; this.load(); });
      addEventListener("keydown", (event) => { if (event.key === "/" && root.offsetParent && !event.target.closest("input, textarea, select")) { event.preventDefault(); this.search.focus(); } });
      whenShown(root, () => this.load());
    }

    async load() {
      const ticket = (this.ticket = Symbol("load"));
      const query = new URLSearchParams({ search: this.search.value, filter: this.filter, page: this.page });
      try {
        const answer = await get(`/studio/takes?${query}`);
        if (this.ticket === ticket) this.draw(answer);
      } catch (error) { complain(error); }
    }

    draw({ takes, counts, pages }) {
      this.chips.replaceChildren(...FILTERS.map(([id, title]) => {
        const chip = button({ class: "chip num", "aria-pressed": String(id === this.filter), text: counts?.[id] != null ? `${title} ${counts[id]}` : title });
        chip.addEventListener("click", () => { this.filter = id; this.page = 1; this.load(); });
        return chip;
      }));
      this.cards.replaceChildren(...takes.map((card) => this.card(card)));
      const words = this.search.value.trim();
      setText(this.empty, takes.length ? "" : words ? `Nothing matches “${words}”.` : "No takes yet. Rehearse one for free from Studio.");
      show(this.empty, !takes.length);
      show(this.more, this.page < pages);
      show(this.earlier, this.page > 1);
    }

    card(card) {
      const picture = card.media?.poster || card.start_thumb;
      const price = card.world === "rehearsal" ? "free" : card.billed_usd_micros != null ? money(card.billed_usd_micros) : card.charge === "not_billed" ? "$0.00" : money(card.estimate_usd_micros);
      const node = button({ class: "card", data: { take: card.id } },
        h("span", { class: "card-picture" }, picture ? h("img", { src: picture, alt: "", loading: "lazy" }) : null, card.state !== "kept" ? h("span", { class: "tag", text: card.reason?.title || card.state }) : null),
        h("span", { class: "card-line num" }, h("b", { text: `${card.label}${card.starred ? " ★" : ""}` }), h("span", { class: "hint", text: [card.duration_s ? `${card.duration_s.toFixed(1)} s` : "", price].filter(Boolean).join(" · ") })),
        h("span", { class: "card-words", text: card.prompt || card.title || "" }));
      node.addEventListener("click", () => this.openCard(card));
      return node;
    }

    async openCard(card) {
      if (this.filter === "bin") { await post(`/studio/takes/${card.id}/restore`, {}).catch(complain); this.load(); return; }
      studio.live.open(card);
      studio.page.section("studio");
      studio.page.watch();
    }
  }

  studio.islands.takes = (root) => new TakesPage(root);
})();
