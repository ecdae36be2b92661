/* The Voices section: a card for each voice, where it is used, and the way into the draft. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, show, copy } = studio.dom;
  const { get, post, complain, exact, whenShown } = studio.sections;
  const { voices, VoiceMaker } = studio;

  const COLOURS = [["v1", "Blue"], ["v2", "Rose"]];

  class VoiceCard {
    constructor(page) {
      this.page = page;
      this.node = h("section", { class: "voice-card" });
    }

    /** Drawn anew only where something differs, and never under somebody's hands. */
    draw(voice) {
      const slot = voices.inDraft().indexOf(voice.voice_id);
      const signature = JSON.stringify([voice, slot, voices.inDraft().filter(Boolean).length]);
      if (this.signature === signature || (this.signature && this.node.contains(document.activeElement) && document.activeElement.matches("input"))) return;
      this.signature = signature;
      this.voice = voice;
      const held = this.node.contains(document.activeElement) ? document.activeElement.dataset.part : "";
      this.node.dataset.voice = voice.voice_id;
      this.node.dataset.slot = { v1: 1, v2: 2 }[voice.colour] || "";
      this.node.setAttribute("aria-label", voice.name);
      this.node.replaceChildren(this.head(voice), ...this.words(voice), this.facts(voice, slot), this.uses, this.acts(voice, slot));
      if (held) this.node.querySelector(`[data-part="${held}"]`)?.focus();
    }

    head(voice) {
      this.sound = h("audio", { preload: "none", "aria-hidden": "true", ...(voice.sample ? { src: voice.sample } : {}) });
      const play = button({ class: "voice-play", "aria-label": `Play ${voice.name}`, data: { part: "play" }, title: voice.sample ? "Plays from this computer, free" : "No recording of it here", disabled: !voice.sample }, icon("play"));
      play.addEventListener("click", () => (this.sound.paused ? this.sound.play().catch(complain) : this.sound.pause()));
      for (const [type, shape] of [["play", "pause"], ["pause", "play"], ["ended", "play"]]) this.sound.addEventListener(type, () => studio.dom.setIcon(play, shape));
      return h("div", { class: "voice-head" }, play, this.box("name", voice.name, "Name", { "aria-label": "Name", maxlength: 60, class: "field voice-name" }, (text) => ({ name: text.trim() || voice.name })), this.colours(voice), this.sound);
    }

    colours(voice) {
      return h("div", { class: "voice-colours", role: "group", "aria-label": `Colour of ${voice.name}` }, ...COLOURS.map(([colour, title], index) => {
        const swatch = button({ class: "voice-colour", "aria-label": title, title, "aria-pressed": String(voice.colour === colour), data: { slot: index + 1, part: `colour-${colour}` } });
        swatch.addEventListener("click", () => this.change({ colour }));
        return swatch;
      }));
    }

    words(voice) {
      return [this.box("note", voice.note || "", "Note: how it sounds, whose it is", { "aria-label": `Note for ${voice.name}`, maxlength: 300 }, (text) => ({ note: text })),
        this.box("tags", (voice.tags || []).join(", "), "Tags, with commas", { "aria-label": `Tags for ${voice.name}`, maxlength: 200 }, (text) => ({ tags: text.split(",").map((tag) => tag.trim()).filter(Boolean) }))];
    }

    box(part, value, placeholder, props, change) {
      const box = h("input", { class: "field", value, placeholder, data: { part }, ...props });
      box.addEventListener("change", () => this.change(change(box.value)));
      box.addEventListener("keydown", (event) => { if (event.key === "Enter") box.blur(); });
      return box;
    }

    async change(changes) {
      try { await post(`/studio/voices/${this.voice.id}`, changes); } catch (error) { complain(error); }
      await this.page.load();
    }

    facts(voice, slot) {
      const count = voice.uses || 0;
      const used = button({ class: "btn small quiet", "aria-expanded": "false", data: { part: "uses" } }, h("span", { text: count ? `In ${count} ${count === 1 ? "take" : "takes"}` : "Never used" }));
      used.disabled = !count;
      this.uses = h("div", { class: "row voice-uses", hidden: true });
      used.addEventListener("click", () => this.toggleUses(used));
      const place = slot >= 0 ? h("span", { class: "voice-place", data: { slot: slot + 1 } }, h("span", { class: "line-chip", text: String(slot + 1) }), "In this draft") : h("span", { text: voice.world === "rehearsal" ? "For rehearsals only" : "Not in this draft" });
      const id = button({ class: "btn small quiet mono", "aria-label": `Copy voice ID ${voice.voice_id}`, title: voice.voice_id }, h("span", { text: voice.voice_id.length > 14 ? `${voice.voice_id.slice(0, 6)}…${voice.voice_id.slice(-4)}` : voice.voice_id }));
      id.addEventListener("click", async () => { if (await copy(voice.voice_id)) studio.notices.toast("Copied"); });
      return h("div", { class: "voice-facts hint" }, place, h("span", { class: "row" }, id, used));
    }

    async toggleUses(used) {
      const isOpen = used.getAttribute("aria-expanded") === "true";
      used.setAttribute("aria-expanded", String(!isOpen));
      show(this.uses, !isOpen);
      if (isOpen) return;
      const { takes } = await get(`/studio/takes?${new URLSearchParams({ search: this.voice.voice_id, filter: "all", page: 1 })}`).catch((error) => { complain(error); return { takes: [] }; });
      const own = takes.filter((card) => (card.values?.voice_ids || []).includes(this.voice.voice_id));
      this.uses.replaceChildren(...own.map((card) => {
        const open = button({ class: "btn small", title: card.title || "" }, h("span", { text: card.label }));
        open.addEventListener("click", () => { studio.live.open(card); studio.page.section("studio"); studio.page.watch(); });
        return open;
      }), own.length ? "" : h("span", { class: "hint", text: "They are in the bin." }));
    }

    acts(voice, slot) {
      const act = (label, name, run) => { const node = button({ class: `btn small ${name}` }, h("span", { text: label })); node.addEventListener("click", run); return node; };
      const filled = [0, 1].filter((place) => voices.inDraft()[place]);
      const into = slot >= 0 ? [act("Take out of draft", "", () => { voices.put(voices.inDraft().map((id) => (id === voice.voice_id ? "" : id))); setTimeout(() => this.page.draw(), 300); })]
        : filled.length === 2 ? [0, 1].map((place) => act(`Replace voice ${place + 1}`, "", () => voices.use(voice, place)))
          : [act(`Use as voice ${filled.includes(0) ? 2 : 1}`, "", () => voices.use(voice))];
      return h("div", { class: "row is-apart" }, h("span", { class: "row" }, ...into), act("Delete", "quiet", () => this.remove(voice)));
    }

    async remove(voice) {
      try {
        await post(`/studio/voices/${voice.id}/delete`, {});
        await this.page.load();
        studio.notices.toast(`${voice.name} is deleted here. fal.ai may still know its ID: ${voice.voice_id}.`);
      } catch (error) { complain(error); }
    }
  }

  class VoicesPage {
    constructor(root) {
      this.cards = new Map();
      this.list = h("div", { class: "voice-cards" });
      this.empty = h("p", { class: "empty", text: "No voices yet. Add a clip of one person speaking, 5 to 30 seconds." });
      this.search = h("input", { class: "field voice-search", type: "search", "aria-label": "Search voices", placeholder: "Search names, notes, tags" });
      this.search.addEventListener("input", () => this.draw());
      this.maker = new VoiceMaker(() => this.load());
      const { picture, sound, voices: extra } = studio.boot.prices[voices.VOICED];
      const price = h("p", { class: "hint", text: `A draft can use two voices, in Image to video only. Any voice changes the rate from ${exact(picture + sound)} to ${exact(picture + sound + extra)} a second.` });
      const tones = studio.boot.speech === false ? h("p", { class: "hint", text: "Rehearsals speak in tones here. Install espeak-ng, then start the studio again, to hear the words." }) : null;
      root.replaceChildren(h("div", { class: "page" }, h("div", { class: "page-bar" }, h("h1", { text: "Voices" }), this.search),
        h("div", { class: "voices-grid" }, h("div", {}, this.list, this.empty, price, tones), h("div", {}, this.maker.node, this.adder()))));
      whenShown(root, () => this.load());
    }

    async load() {
      await voices.load();
      this.draw();
    }

    draw() {
      const wanted = this.search.value.trim().toLowerCase();
      const shown = voices.list.filter((voice) => [voice.name, voice.note, voice.voice_id, ...(voice.tags || [])].join(" ").toLowerCase().includes(wanted));
      show(this.search, voices.list.length > 4 || Boolean(wanted));
      show(this.empty, !shown.length);
      setText(this.empty, voices.list.length ? `Nothing matches “${this.search.value.trim()}”.` : "No voices yet. Add a clip of one person speaking, 5 to 30 seconds.");
      for (const [id, card] of this.cards) if (!shown.some((voice) => voice.id === id)) { card.node.remove(); this.cards.delete(id); }
      shown.forEach((voice, index) => {
        if (!this.cards.has(voice.id)) this.cards.set(voice.id, new VoiceCard(this));
        const card = this.cards.get(voice.id);
        card.draw(voice);
        if (this.list.children[index] !== card.node) this.list.insertBefore(card.node, this.list.children[index] || null);
      });
    }

    adder() {
      const id = h("input", { class: "field", id: "known-voice-id", placeholder: "829877809978941442", maxlength: 64 });
      const name = h("input", { class: "field", id: "known-voice-name", placeholder: "Ines", maxlength: 60 });
      const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
      const add = button({ class: "btn" }, h("span", { text: "Add voice" }));
      const send = async () => {
        try {
          await post("/studio/voices/add", { voice_id: id.value.trim(), name: name.value.trim() });
          show(wrong, false);
          id.value = "";
          name.value = "";
          await this.load();
        } catch (error) { setText(wrong, error.message); show(wrong, true); }
      };
      add.addEventListener("click", send);
      for (const box of [id, name]) box.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) send(); });
      return h("section", { class: "panel", "aria-label": "Add a voice you have" }, h("h2", { text: "Add a voice you have" }), h("p", { class: "hint", text: "A voice ID from the create-voice endpoint. Adding it is free." }), h("div", { class: "stack" }, h("label", { class: "label", for: "known-voice-id", text: "Voice ID" }), id), h("div", { class: "stack" }, h("label", { class: "label", for: "known-voice-name", text: "Name" }), name), wrong, add);
    }
  }

  studio.islands.voices = (root) => new VoicesPage(root);
})();
