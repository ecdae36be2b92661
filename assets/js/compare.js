/* Compare: two takes on one clock, only one of them heard, what differs in words, and which is preferred. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, setAttr, setIcon, show, patchChildren, timecode, isPhone } = studio.dom;
  const { symbol, star } = studio.takeParts;
  const parts = studio.compareParts;

  const SIDES = ["a", "b"];
  const promptOf = (card) => card.arguments?.prompt || card.prompt || "";

  class Compare {
    constructor(onLeave) {
      this.onLeave = onLeave;
      this.cards = [null, null];
      this.hearing = 0;
      this.preferred = null;
      this.byPrefer = new Set(); // starred here by Prefer: only these lose their star to the other one
      this.build();
      this.clock = parts.createClock(...this.theatre.videos, { onTick: (at_s) => this.tick(at_s), onChange: () => this.refresh() });
      this.listen();
    }

    build() {
      this.heads = SIDES.map(parts.createHead);
      this.theatre = parts.createTheatre({ onPress: () => this.clock.toggle() });
      this.strips = parts.createStrips({ onSeek: (at_s) => this.clock.seek(at_s), onDrag: (isDragging) => this.drag(isDragging) });
      this.picker = parts.createPicker((card) => this.pick(card));
      this.views = h("div", { class: "compare-views", role: "radiogroup", "aria-label": "How to compare" }, ...parts.viewRadios());
      this.play = button({ class: "compare-play", "aria-label": "Play", data: { act: "play" } }, icon("play"));
      this.at = h("span", {});
      this.total = h("span", { class: "compare-total" });
      const step = (act, name, label) => button({ class: "btn icon quiet", "aria-label": label, data: { act } }, icon(name));
      const transport = h("div", { class: "compare-transport", role: "group", "aria-label": "Playback" }, step("back", "back", "One frame back"), this.play, step("forward", "forward", "One frame forward"), h("span", { class: "compare-timecode" }, this.at, this.total));
      this.hears = h("div", { class: "compare-hears", role: "group", "aria-label": "Sound" }, ...SIDES.map((side) => button({ data: { hear: side }, "aria-pressed": "false" }, icon("muted"), h("span", { text: side.toUpperCase() }))));
      this.prefers = h("div", { class: "compare-prefers" }, ...SIDES.map((side) => button({ class: "btn", data: { prefer: side }, "aria-pressed": "false", text: `Prefer ${side.toUpperCase()}` })));
      this.count = h("span", { class: "hint num" });
      this.words = h("p", { class: "compare-words" });
      this.table = h("table", { class: "compare-table" });
      this.alike = h("p", { class: "hint" });
      this.notes = h("div", { class: "compare-notes" },
        h("section", {}, h("div", { class: "compare-note-head" }, h("h2", { text: "What changed in the prompt" }), this.count), this.words),
        h("section", {}, h("h2", { text: "Settings that differ" }), this.table, this.alike));
      const crumbs = h("nav", { class: "compare-crumbs", "aria-label": "Where you are" }, button({ class: "btn quiet small", data: { act: "leave" } }, symbol("left"), h("span", { text: "All takes" })), h("span", { "aria-current": "page", text: "Compare" }));
      this.root = h("section", { class: "compare", id: "compare-room", tabindex: "-1", "aria-label": "Compare", hidden: true },
        h("h1", { class: "only-spoken", text: "Compare" }), crumbs, h("div", { class: "compare-heads" }, ...this.heads.map((head) => head.root)), this.theatre.root, this.picker.root, this.strips.root, this.views, transport, this.hears, this.prefers, this.notes);
    }

    listen() {
      const acts = { leave: () => this.leave(), play: () => this.clock.toggle(), back: () => this.clock.step(-1), forward: () => this.clock.step(1), change: () => this.askForOther() };
      this.root.addEventListener("click", (event) => {
        const { act, hear, star: starred, prefer } = event.target.closest("[data-act], [data-hear], [data-star], [data-prefer]")?.dataset || {};
        if (act) acts[act]();
        else if (hear) this.hear(SIDES.indexOf(hear));
        else if (starred) this.star(SIDES.indexOf(starred));
        else if (prefer) this.prefer(SIDES.indexOf(prefer));
      });
      this.views.addEventListener("change", (event) => this.setView(event.target.value));
      this.root.addEventListener("keydown", (event) => this.onKey(event));
      new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) || this.clock.pause()).observe(this.root);
      studio.live.subscribe((event) => {
        const index = event.type === "take" ? this.cards.findIndex((card) => card?.id === event.card.id) : -1;
        if (index >= 0) this.put(index, event.card);
      });
    }

    /* --- what is compared -------------------------------------------------------------------------------------- */

    open(card, other) {
      this.byPrefer.clear();
      this.preferred = null;
      this.cards = [card, other || null];
      this.setView(isPhone() ? "wipe" : "side");
      this.load();
      show(this.root, true);
      scrollTo({ top: 0 });
      this.focusWhenShown();
    }

    /** The section may only come into view with the next frames; until then nothing in it takes the focus. */
    focusWhenShown(tries = 90) {
      if (this.root.offsetParent) this.root.focus({ preventScroll: true });
      else if (tries) requestAnimationFrame(() => this.focusWhenShown(tries - 1));
    }

    pick(card) {
      this.cards[1] = card;
      this.preferred = null;
      this.load();
      this.root.focus({ preventScroll: true });
    }

    askForOther() {
      this.clock.pause();
      this.cards[1] = null;
      this.load();
      this.picker.focus();
    }

    load() {
      const [a, b] = this.cards;
      setAttr(this.root, "data-state", b ? "both" : "picking");
      if (b) this.picker.close();
      else this.picker.open(a);
      this.hearing = a.has_sound === false && b && b.has_sound !== false ? 1 : 0;
      this.theatre.update(this.cards);
      this.clock.load(a, b);
      this.drawHeads();
      this.refresh();
      if (b) this.explain();
    }

    put(index, card) {
      this.cards[index] = card;
      this.drawHeads();
    }

    /** What differs: the words here, the settings by the studio, which knows their names. */
    async explain() {
      const [a, b] = this.cards;
      const words = parts.compareWords(promptOf(b), promptOf(a));
      setText(this.count, parts.countWords(words));
      patchChildren(this.words, `${a.id}|${b.id}`, () => parts.wordNodes(words));
      let rows = [];
      try {
        rows = (await studio.sections.get(`/studio/takes/${encodeURIComponent(a.id)}/differences?other=${encodeURIComponent(b.id)}`)).rows;
      } catch (error) {
        studio.sections.complain(error);
      }
      if (this.cards[0] !== a && this.cards[0]?.id !== a.id) return;
      if (this.cards[1]?.id !== b.id) return;
      patchChildren(this.table, JSON.stringify([a.id, b.id, rows]), () => parts.tableNodes(rows, [a, b]));
      show(this.table, rows.length > 0);
      setText(this.alike, rows.length ? "" : "Every setting is the same.");
    }

    leave() {
      this.clock.pause();
      show(this.root, false);
      this.onLeave();
    }

    /* --- drawing ----------------------------------------------------------------------------------------------- */

    tick(at_s) {
      this.strips.setTime(at_s);
      this.theatre.setTime(at_s);
      setText(this.at, timecode(at_s));
    }

    refresh() {
      if (!this.clock) return;
      const isPlaying = this.clock.isPlaying();
      setIcon(this.play, isPlaying ? "pause" : "play");
      setAttr(this.play, "aria-label", isPlaying ? "Pause" : "Play");
      setText(this.total, ` / ${timecode(this.clock.axis())}`);
      const lengths = this.theatre.videos.map((video, index) => (Number.isFinite(video.duration) ? video.duration : this.cards[index]?.duration_s));
      this.strips.update(this.cards, this.clock.axis(), lengths);
      this.tick(this.clock.time());
    }

    drawHeads() {
      this.heads.forEach((head, index) => head.update(this.cards[index]));
      SIDES.forEach((side, index) => {
        const isHeard = this.hearing === index;
        const isMute = this.cards[index]?.has_sound === false;
        this.theatre.videos[index].muted = !isHeard;
        for (const node of this.root.querySelectorAll(`[data-hear="${side}"]`)) {
          setIcon(node, isHeard && !isMute ? "sound" : "muted");
          setAttr(node, "aria-pressed", String(isHeard && !isMute));
          node.disabled = isMute;
          const name = side.toUpperCase();
          const words = isMute ? `${name} has no sound` : isHeard ? `Hearing ${name}` : `Hear ${name}`;
          if (node.classList.contains("btn")) setText(node.lastChild, words);
          else setAttr(node, "aria-label", words);
        }
        setAttr(this.prefers.children[index], "aria-pressed", String(this.preferred === index));
      });
    }

    setView(view) {
      this.theatre.setView(view);
      setAttr(this.root, "data-view", view);
      for (const input of this.views.querySelectorAll("input")) input.checked = input.value === view;
    }

    /* --- what a person does ------------------------------------------------------------------------------------ */

    hear(index) {
      this.hearing = index;
      this.drawHeads();
      studio.notices.announce(`Hearing ${SIDES[index].toUpperCase()}`);
    }

    /** A drag holds both pictures still and gives playback back afterwards. */
    drag(isDragging) {
      if (isDragging) this.wasPlaying = this.clock.isPlaying();
      if (isDragging) this.clock.pause();
      else if (this.wasPlaying) this.clock.play();
    }

    async setStar(index, starred) {
      const [done] = await star([this.cards[index]], starred);
      if (done) this.put(index, done);
      return Boolean(done);
    }

    star(index) {
      this.byPrefer.delete(this.cards[index].id);
      return this.setStar(index, !this.cards[index].starred);
    }

    /** The winner gets a star; the other one loses only a star that Prefer gave it. A second press takes it back. */
    async prefer(index) {
      const loser = 1 - index;
      const isBack = this.preferred === index;
      this.preferred = isBack ? null : index;
      this.drawHeads();
      if (isBack) return this.takeBack(index);
      await this.takeBack(loser);
      if (!this.cards[index].starred && (await this.setStar(index, true))) this.byPrefer.add(this.cards[index].id);
      return studio.notices.announce(`${this.cards[index].label} is starred`);
    }

    async takeBack(index) {
      if (this.byPrefer.delete(this.cards[index].id)) await this.setStar(index, false);
    }

    onKey(event) {
      const isTyping = event.target.matches("input:not([type=radio])");
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
      if (event.key === "Escape") this.leave();
      else if (!this.cards[1] || !this.moveBy(event)) return;
      event.preventDefault();
      event.stopPropagation();
    }

    moveBy(event) {
      const clock = this.clock;
      const isControl = event.target.closest("button, a, label, input");
      if (event.key === " " && !isControl) return clock.toggle(), true;
      if (event.target.matches("input")) return false;
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by) event.shiftKey ? clock.seek(clock.time() + by) : clock.step(by);
      else if (event.key === "Home") clock.seek(0);
      else if (event.key === "End") clock.seek(clock.axis());
      else if (event.key === "PageUp" || event.key === "PageDown") clock.seek(clock.time() + (event.key === "PageUp" ? 1 : -1));
      else return false;
      return true;
    }
  }

  let host = null; // the Takes section, once it is on the page
  let room = null;
  let waiting = null;

  /** Called by the Takes section: `view` makes room, `leave()` brings it back. */
  function attach(given) {
    host = given;
    if (waiting) enter(...waiting);
    waiting = null;
  }

  function enter(card, other) {
    if (!room) {
      room = new Compare(() => {
        show(host.view, true);
        host.leave();
      });
      host.root.append(room.root);
    }
    show(host.view, false);
    room.open(card, other);
  }

  const read = (id) => studio.sections.get(`/studio/takes/${encodeURIComponent(id)}`);

  /** Compare a take with another one, with the one it came from, or with one that is then chosen. */
  async function open(card, other = null) {
    let second = other;
    if (!second && card.parent) second = studio.live.takes.get(card.parent.id) || (await read(card.parent.id).catch(() => null));
    if (!second?.media?.video) second = null;
    studio.page.section("takes");
    if (host) enter(card, second);
    else waiting = [card, second];
  }

  studio.compare = { open, attach, isOpen: () => Boolean(room && !room.root.hidden) };
})();
