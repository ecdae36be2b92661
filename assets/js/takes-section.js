/* The Takes section: search, filters, order and cards of every take, and the panel of the chosen one; it makes no take. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, setAttr, show, keep } = studio.dom;
  const { get, complain, whenShown } = studio.sections;
  const { createCard, createPanel, createBar, symbol, isClip } = studio.takeParts;
  const acts = studio.takeParts;

  const TYPING_MS = 150;
  const FOLLOW_MS = 180; // the panel follows the arrows once they rest
  const FILTERS = [["all", "All"], ["starred", "Starred"], ["image", "Image"], ["text", "Text"], ["motion", "Motion"], ["rehearsals", "Rehearsals"], ["trouble", "Needs a look"], ["bin", "Bin"]];
  const SORTS = [["newest", "Newest first"], ["oldest", "Oldest first"], ["price", "Highest price"], ["length", "Longest"]];
  const roomForPanel = () => matchMedia("(min-width: 1100px)").matches;

  class TakesPage {
    constructor(root) {
      this.filter = "all";
      this.sort = "newest";
      this.page = 1;
      this.views = new Map(); // of the cards on this page
      this.order = [];
      this.picked = new Map(); // selected cards by id, also those on other pages
      this.current = null; // the id in the panel
      this.wasClosed = false; // then nothing opens by itself
      this.build(root);
      this.listen(root);
      studio.compare.attach({ root, view: this.view, leave: () => this.comeBack() });
      whenShown(root, () => studio.compare.isOpen() || this.load());
    }

    build(root) {
      this.search = h("input", { class: "field", type: "search", "aria-label": "Search takes", placeholder: "Search words, voices, request ids", maxlength: "200" });
      this.chips = FILTERS.map(([id]) => button({ class: "chip num", data: { filter: id } }));
      this.sorter = h("select", { class: "takes-sort", "aria-label": "Order" }, ...SORTS.map(([value, text]) => h("option", { value, text })));
      this.grid = h("ul", { class: "cards", role: "list", "aria-label": "Takes" });
      this.emptyWords = h("span", {});
      this.emptyAct = button({ class: "btn quiet" });
      this.empty = h("p", { class: "empty", role: "status", hidden: true }, this.emptyWords, " ", this.emptyAct);
      this.range = h("span", { class: "hint num" });
      this.earlier = button({ class: "btn", data: { turn: "-1" }, text: "Previous" });
      this.later = button({ class: "btn", data: { turn: "1" }, text: "Next" });
      this.pager = h("nav", { class: "takes-pager", "aria-label": "Pages", hidden: true }, this.earlier, this.range, this.later);
      this.panel = createPanel({ onAct: (action, card) => this.act(action, card), onStep: (card) => this.choose(card) });
      this.bar = createBar((id) => this.actOnPicked(id));
      const tools = h("div", { class: "takes-tools" }, h("div", { class: "takes-search" }, symbol("search"), this.search), h("div", { class: "takes-chips", role: "group", "aria-label": "Show" }, ...this.chips), h("span", { class: "takes-order" }, this.sorter, icon("chevron"), icon("swap")));
      const list = h("div", { class: "takes-list" }, this.grid, this.empty, this.pager);
      this.view = h("div", { class: "takes" }, h("h1", { class: "only-spoken", text: "Takes" }), tools, h("div", { class: "takes-room" }, list, this.panel.root), this.bar.root);
      root.replaceChildren(this.view);
    }

    listen(root) {
      let timer = 0;
      this.search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => this.show({}), TYPING_MS); });
      this.sorter.addEventListener("change", () => this.show({ sort: this.sorter.value }));
      this.view.addEventListener("click", (event) => this.onClick(event));
      this.grid.addEventListener("dblclick", (event) => { const card = this.cardOf(event.target); if (card) this.act("open", card); });
      this.grid.addEventListener("change", (event) => this.pick(this.cardOf(event.target), event.target.checked));
      this.grid.addEventListener("keydown", (event) => this.onKey(event));
      this.grid.addEventListener("focusin", (event) => this.rove(event.target.closest(".card")?.dataset.take));
      this.grid.addEventListener("pointermove", (event) => this.onPointer(event));
      this.grid.addEventListener("pointerleave", () => this.scrub(null));
      this.view.addEventListener("keydown", (event) => this.onEscape(event));
      addEventListener("keydown", (event) => this.onSlash(event, root));
      new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) || this.panel.pause()).observe(root);
      studio.live.subscribe((event) => { if (event.type === "take") this.patch(event.card); });
      setInterval(() => { if (!document.hidden) for (const view of this.views.values()) if (view.card().state === "running") view.tick(); }, 1000);
    }

    /* --- loading and drawing ----------------------------------------------------------------------------------- */

    /** Another filter, order or page; without a page of its own it starts at the first. */
    show({ filter = this.filter, sort = this.sort, page = 1 }) {
      if ((filter === "bin") !== (this.filter === "bin")) this.clearPicked(); // what is in the bin has other actions
      Object.assign(this, { filter, sort, page });
      return this.load();
    }

    async load() {
      const ticket = (this.ticket = Symbol("load"));
      const query = new URLSearchParams({ search: this.search.value, filter: this.filter, sort: this.sort, page: this.page });
      try {
        const answer = await get(`/studio/takes?${query}`);
        if (this.ticket !== ticket) return undefined;
        if (this.page > answer.pages) return this.show({ page: answer.pages });
        this.draw(answer);
      } catch (error) { complain(error); }
      return undefined;
    }

    draw({ takes, total, counts, pages, page_size: size }) {
      this.drawChips(counts);
      const hadFocus = this.grid.contains(document.activeElement);
      const at = this.order.indexOf(document.activeElement?.closest(".card")?.dataset.take);
      this.order = takes.map((card) => card.id);
      for (const [id, view] of this.views) if (!this.order.includes(id)) { view.root.remove(); this.views.delete(id); }
      this.arrange(takes);
      // A card that went away hands the keyboard to its neighbour.
      if (hadFocus && !this.grid.contains(document.activeElement)) this.views.get(this.order[Math.min(at, this.order.length - 1)])?.opener.focus();
      this.rove(this.order.includes(this.roving) ? this.roving : this.current);
      this.drawEmpty(takes.length, counts);
      show(this.pager, pages > 1);
      setText(this.range, `${(this.page - 1) * size + 1} to ${(this.page - 1) * size + takes.length} of ${total.toLocaleString("en-GB").replaceAll(",", "\u202f")}`);
      this.earlier.disabled = this.page <= 1;
      this.later.disabled = this.page >= pages;
      this.followPanel(takes);
    }

    drawChips(counts) {
      FILTERS.forEach(([id, title], index) => {
        setText(this.chips[index], `${title} ${counts[id]}`);
        setAttr(this.chips[index], "aria-pressed", String(id === this.filter));
        show(this.chips[index], id === "all" || id === this.filter || counts[id] > 0);
      });
    }

    /** Bring cards into their order, moving only those that stand wrong. */
    arrange(takes) {
      let at = this.grid.firstElementChild;
      for (const card of takes) {
        let view = this.views.get(card.id);
        if (!view) this.views.set(card.id, (view = createCard(card.id)));
        this.patch(card);
        if (view.root === at) at = at.nextElementSibling;
        else this.grid.insertBefore(view.root, at);
      }
    }

    /** Draw what changed on one card, wherever it is shown. */
    patch(card) {
      const view = this.views.get(card.id);
      if (view) {
        view.update(card);
        view.pick.checked = this.picked.has(card.id);
        setAttr(view.root, "data-picked", this.picked.has(card.id) ? "yes" : null);
        setAttr(view.opener, "aria-current", card.id === this.current ? "true" : null);
      }
      if (card.id === this.current && !this.panel.root.hidden) this.panel.update(card);
      if (this.picked.has(card.id)) { this.picked.set(card.id, card); this.drawBar(); }
    }

    drawEmpty(count, counts) {
      const words = this.search.value.trim();
      const isElsewhere = this.filter !== "all";
      const sentence = words ? `Nothing matches '${words}'.` : this.filter === "bin" ? "The bin is empty." : isElsewhere ? "Nothing here." : "No takes yet. Rehearse one for free from Studio.";
      setText(this.emptyWords, count ? "" : sentence);
      const way = words ? ["clear", "Clear search"] : isElsewhere && counts.all ? ["all", "Show all takes"] : ["", ""];
      [this.emptyAct.dataset.turn] = way;
      setText(this.emptyAct, way[1]);
      show(this.emptyAct, Boolean(way[1]));
      show(this.empty, !count);
    }

    drawBar() {
      this.bar.update([...this.picked.values()]);
      setAttr(this.view, "data-picking", this.picked.size ? "yes" : null);
    }

    /* --- the panel --------------------------------------------------------------------------------------------- */

    /** Where there is room, the panel is never without a take, so that the cards keep their places. */
    followPanel(takes) {
      if (this.current && this.order.includes(this.current)) return;
      const wanted = takes.find((card) => card.id === studio.live.selected) || takes[0];
      if (!wanted) this.closePanel();
      else if (!this.panel.card() && roomForPanel() && !this.wasClosed) this.choose(wanted);
      else if (this.panel.card()?.is_binned !== (this.filter === "bin")) roomForPanel() ? this.choose(wanted) : this.closePanel();
    }

    choose(card) {
      const old = this.current;
      this.current = card.id;
      this.panel.update(card);
      for (const id of [old, card.id]) if (this.views.has(id)) setAttr(this.views.get(id).opener, "aria-current", id === card.id ? "true" : null);
      this.rove(card.id);
      if (old !== card.id) this.views.get(card.id)?.root.scrollIntoView({ block: "nearest" });
    }

    closePanel() {
      this.panel.hide();
      if (this.views.has(this.current)) setAttr(this.views.get(this.current).opener, "aria-current", null);
      this.current = null;
    }

    async act(action, card) {
      if (action === "star") await acts.star([card], !card.starred).then(([done]) => done && this.patch(done));
      else if (action === "delete") await acts.bin([card], (cards) => this.moved(cards));
      else if (action === "restore") await acts.restore([card], (cards) => this.moved(cards));
      else if (action === "compare") studio.compare.open(card);
      else if (action === "close") { this.wasClosed = true; const id = this.current; this.closePanel(); this.views.get(id)?.opener.focus(); }
      else if (action === "open" && card.is_binned) this.choose(card);
      else if (action === "open") { studio.live.open(card); studio.page.section("studio"); studio.page.watch(); }
    }

    /** Takes went into the bin or came back: their places are gone, and so is their being selected. */
    moved(cards) {
      for (const card of cards) {
        this.picked.delete(card.id);
        if (card.id === this.current) this.panel.update(card);
      }
      this.drawBar();
      return this.load().then(() => this.keepFocus());
    }

    /** A second press must not meet the next take on the same button. */
    keepFocus() {
      const isLost = document.activeElement === document.body || this.panel.root.contains(document.activeElement);
      if (isLost) (this.views.get(this.current) || this.views.get(this.roving))?.opener.focus();
    }

    comeBack() {
      this.load().then(() => (this.views.get(this.roving)?.opener || this.search).focus());
    }

    /* --- selecting --------------------------------------------------------------------------------------------- */

    pick(card, isPicked = !this.picked.has(card.id)) {
      if (isPicked) this.picked.set(card.id, card);
      else this.picked.delete(card.id);
      this.patch(card);
      this.drawBar();
      if (this.picked.size) studio.notices.announce(`${this.picked.size} selected`);
    }

    async actOnPicked(id) {
      const cards = [...this.picked.values()];
      if (id === "compare") studio.compare.open(...cards.sort((one, other) => String(other.created_at).localeCompare(String(one.created_at))));
      else if (id === "star") (await acts.star(cards, !cards.every((card) => card.starred))).forEach((card) => this.patch(card));
      else if (id === "download") acts.download(cards);
      else if (id === "delete") await acts.bin(cards, (gone) => this.moved(gone));
      else if (id === "restore") await acts.restore(cards, (back) => this.moved(back));
      else this.clearPicked();
    }

    clearPicked() {
      const cards = [...this.picked.values()];
      this.picked.clear();
      cards.forEach((card) => this.patch(card));
      this.drawBar();
    }

    /* --- mouse and keys ---------------------------------------------------------------------------------------- */

    cardOf(node) {
      return this.views.get(node.closest(".card")?.dataset.take)?.card() || null;
    }

    /** One tab stop for all cards: the one that the arrows are on. */
    rove(id) {
      this.roving = this.views.has(id) ? id : this.order[0];
      for (const [own, view] of this.views) for (const node of [view.opener, view.pick]) setAttr(node, "tabindex", own === this.roving ? "0" : "-1");
    }

    onClick(event) {
      const { filter, turn } = event.target.closest("[data-filter], [data-turn]")?.dataset || {};
      if (filter) this.show({ filter });
      else if (turn === "clear") { this.search.value = ""; this.search.focus(); this.show({}); }
      else if (turn === "all") { this.chips[0].focus(); this.show({ filter: "all" }); }
      else if (turn) this.show({ page: this.page + Number(turn) }).then(() => { scrollTo({ top: 0 }); this.views.get(this.order[0])?.opener.focus({ preventScroll: true }); });
      else if (event.target.closest(".card-open")) this.choose(this.cardOf(event.target));
    }

    onPointer(event) {
      const picture = event.pointerType === "mouse" ? event.target.closest(".card-picture") : null;
      const box = picture?.getBoundingClientRect();
      this.scrub(picture && this.views.get(picture.closest(".card").dataset.take), box && (event.clientX - box.left) / box.width);
    }

    scrub(view, part) {
      if (this.scrubbed && this.scrubbed !== view) this.scrubbed.rest();
      this.scrubbed = view;
      view?.look(part);
    }

    onKey(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || !event.target.closest(".card")) return;
      const here = this.order.indexOf(event.target.closest(".card").dataset.take);
      const columns = getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
      const to = { ArrowLeft: here - 1, ArrowRight: here + 1, ArrowUp: here - columns, ArrowDown: here + columns, Home: 0, End: this.order.length - 1 }[event.key];
      const card = this.cardOf(event.target);
      if (to !== undefined) this.move(to);
      else if (event.key === "Enter" && event.target.matches(".card-open")) this.act("open", card);
      else if (event.key.toLowerCase() === "x" && !event.shiftKey && keep.get("single_keys", "on") === "on") this.pick(card);
      else return;
      event.preventDefault();
    }

    move(to) {
      const view = this.views.get(this.order[to]);
      if (!view) return;
      view.opener.focus();
      clearTimeout(this.following);
      if (!this.panel.root.hidden && roomForPanel()) this.following = setTimeout(() => this.choose(view.card()), FOLLOW_MS);
    }

    /** Closes what lies on top: the panel where it covers the cards, else the selection. */
    onEscape(event) {
      if (event.key !== "Escape" || event.target === this.search) return;
      if (!this.panel.root.hidden && !roomForPanel()) this.act("close", this.panel.card());
      else this.clearPicked();
    }

    onSlash(event, root) {
      const isElsewhere = !root.offsetParent || studio.compare.isOpen() || event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
      if (event.key !== "/" || isElsewhere || keep.get("single_keys", "on") !== "on") return;
      event.preventDefault();
      this.search.focus();
      this.search.select();
    }
  }

  studio.islands.takes = (root) => new TakesPage(root);
})();
