/* The other sections: Takes, Voices, Spend and Settings; each asks the server when it is shown and decides nothing. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, money, setText, show, spell, dayAndTime, copy } = studio.dom;
  const post = (path, body) => studio.desk.post(path, body);

  async function get(path) {
    const answer = await fetch(path, { headers: { "X-Studio": "1" }, cache: "no-store" });
    if (!answer.ok) throw new Error("The studio did not answer. Nothing was changed.");
    return answer.json();
  }

  const complain = (error) => studio.notices.toast(error.message, { tone: "stop" });
  const exact = (micros) => (micros == null ? "" : studio.price.exact(micros));

  /** Call `show` whenever the section comes into view, and at most once a second while takes change. */
  function whenShown(root, redraw) {
    let timer = 0;
    const isShown = () => root.offsetParent !== null;
    new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && redraw()).observe(root);
    studio.live.subscribe((event) => {
      if (!["take", "snapshot", "gone"].includes(event.type) || timer) return;
      timer = setTimeout(() => { timer = 0; if (isShown()) redraw(); }, 1000);
    });
  }

  /* --- Takes ---------------------------------------------------------------------------------------------------- */

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

  /* --- Voices --------------------------------------------------------------------------------------------------- */

  const voices = { list: [] };
  studio.voices = voices;
  async function loadVoices() {
    try {
      voices.list = (await get("/studio/voices")).voices;
      dispatchEvent(new CustomEvent("studio:voices"));
    } catch { /* the connection line says so */ }
    return voices.list;
  }

  const LEAST_S = 5;
  const MOST_S = 30;
  const VOICED = "image-to-video";
  const COLOURS = [["v1", "Blue"], ["v2", "Rose"]];

  /** The kept part of a recording over its waveform: two handles to drag, or arrows, and the ends as numbers. */
  class VoiceTrim {
    constructor(onMove, onEnd) {
      Object.assign(this, { onMove, onEnd, total: 0 });
      this.wave = h("canvas", { class: "voice-wave", width: 900, height: 96, "aria-hidden": "true" });
      this.shades = [h("i", { class: "trim-shade" }), h("i", { class: "trim-shade" })];
      this.kept = h("div", { class: "trim-kept" });
      this.handles = ["start", "end"].map((edge) => h("div", { class: "trim-handle", role: "slider", tabindex: "0", "aria-label": edge === "start" ? "Start of the voice" : "End of the voice", data: { edge } }));
      this.track = h("div", { class: "trim-track voice-track" }, this.wave, ...this.shades, this.kept, ...this.handles);
      this.from = h("input", { class: "field num", type: "number", step: "0.1", min: "0", id: "voice-from" });
      this.until = h("input", { class: "field num", type: "number", step: "0.1", min: "0", id: "voice-until" });
      this.readout = h("span", { class: "hint num" });
      this.node = h("div", { class: "trim voice-trim", hidden: true }, h("div", { class: "trim-head" }, h("span", { class: "label", text: "Trim" }), this.readout), this.track,
        h("div", { class: "voice-ends" }, h("label", { for: "voice-from" }, "From, s", this.from), h("label", { for: "voice-until" }, "To, s", this.until)));
      this.track.addEventListener("pointerdown", (event) => this.grab(event));
      this.track.addEventListener("keydown", (event) => this.key(event));
      for (const input of [this.from, this.until]) input.addEventListener("change", () => this.put(Number(this.from.value), Number(this.until.value) || this.total, true));
    }

    load({ duration_s: total, peaks = [] }) {
      this.total = total;
      show(this.node, true);
      const pen = this.wave.getContext("2d");
      pen.clearRect(0, 0, 900, 96);
      pen.fillStyle = getComputedStyle(this.wave).color;
      peaks.forEach((peak, index) => { const tall = Math.max(2, peak * 90); pen.fillRect((index * 900) / peaks.length, 48 - tall / 2, Math.max(1, 900 / peaks.length - 1.5), tall); });
      this.put(0, Math.min(MOST_S, total), false);
    }

    put(start, end, isFinal) {
      const { clamp } = studio.dom;
      const round = (value) => Math.round(value * 10) / 10;
      this.start = clamp(round(start || 0), 0, Math.max(0, this.total - 0.1));
      this.end = end >= this.total - 0.05 ? this.total : clamp(round(end), this.start + 0.1, this.total);
      const share = (value) => `${(value / this.total) * 100}%`;
      this.shades[0].style.cssText = `left:0;width:${share(this.start)}`;
      this.shades[1].style.cssText = `left:${share(this.end)};right:0`;
      this.kept.style.cssText = `left:${share(this.start)};width:${share(this.end - this.start)}`;
      [this.start, this.end].forEach((value, index) => {
        const handle = this.handles[index];
        handle.style.left = share(value);
        for (const [name, given] of [["valuemin", "0"], ["valuemax", this.total.toFixed(1)], ["valuenow", value.toFixed(1)], ["valuetext", `${value.toFixed(1)} seconds`]]) handle.setAttribute(`aria-${name}`, given);
      });
      this.from.value = this.start.toFixed(1);
      this.until.value = this.end.toFixed(1);
      const kept = this.end - this.start;
      setText(this.readout, `${this.start.toFixed(1)} to ${this.end.toFixed(1)} = ${kept.toFixed(1)} s`);
      this.node.classList.toggle("is-wrong", kept < LEAST_S - 0.05 || kept > MOST_S + 0.05);
      this.onMove();
      if (isFinal) this.onEnd();
    }

    grab(event) {
      const box = this.track.getBoundingClientRect();
      const at = (x) => studio.dom.clamp((x - box.left) / box.width, 0, 1) * this.total;
      const edge = event.target.dataset.edge || (Math.abs(at(event.clientX) - this.start) < Math.abs(at(event.clientX) - this.end) ? "start" : "end");
      event.preventDefault();
      this.handles[edge === "start" ? 0 : 1].focus();
      this.track.setPointerCapture(event.pointerId);
      const move = (e, isFinal) => (edge === "start" ? this.put(Math.min(at(e.clientX), this.end - 0.1), this.end, isFinal) : this.put(this.start, at(e.clientX), isFinal));
      const leave = new AbortController();
      this.track.addEventListener("pointermove", (e) => move(e, false), { signal: leave.signal });
      for (const type of ["pointerup", "pointercancel"]) this.track.addEventListener(type, (e) => { leave.abort(); move(e, true); }, { signal: leave.signal });
    }

    key(event) {
      const { edge } = event.target.dataset;
      const step = { ArrowLeft: -0.1, ArrowRight: 0.1, ArrowDown: -0.1, ArrowUp: 0.1 }[event.key];
      if (!edge || (!step && !["Home", "End"].includes(event.key))) return;
      event.preventDefault();
      const by = (step || 0) * (event.shiftKey ? 10 : 1);
      if (edge === "start") this.put(event.key === "Home" ? 0 : event.key === "End" ? this.end - 0.1 : Math.min(this.start + by, this.end - 0.1), this.end, true);
      else this.put(this.start, event.key === "Home" ? this.start + 0.1 : event.key === "End" ? this.total : this.end + by, true);
    }
  }

  /** A new voice: recording, part, checks, sound before and after, name, consent, and one press. */
  class VoiceMaker {
    constructor(onMade) {
      this.onMade = onMade;
      this.attempt = 0;
      this.price = exact(studio.boot.prices["create-voice"].per_call);
      this.file = h("input", { type: "file", id: "voice-file", accept: ".mp3,.wav,.mp4,.mov,audio/mpeg,audio/wav,video/mp4,video/quicktime" });
      this.trim = new VoiceTrim(() => this.stop(), () => this.check());
      this.sound = h("audio", { "aria-hidden": "true" });
      this.before = button({ class: "btn small" }, icon("play"), h("span", { text: "Before" }));
      this.after = button({ class: "btn small" }, icon("play"), h("span", { text: "After" }));
      this.clean = h("input", { type: "checkbox", id: "voice-clean" });
      this.clean.checked = true;
      this.hear = h("div", { class: "voice-hear", hidden: true }, h("label", { class: "row", for: "voice-clean" }, this.clean, "Clean it: rumble out, silent ends cut, level evened"), h("div", { class: "row" }, h("span", { class: "hint", text: "Hear it" }), this.before, this.after));
      this.checks = h("ul", { class: "checks voice-checks" });
      this.name = h("input", { class: "field", id: "voice-name", placeholder: "Marlow", maxlength: 60 });
      this.consent = h("input", { type: "checkbox", id: "voice-consent" });
      this.wrong = h("p", { class: "wrong", role: "alert", hidden: true });
      this.known = h("div", { class: "row voice-known", role: "status", hidden: true });
      this.create = button({ class: "btn paid", disabled: true }, h("span"));
      this.rehearse = button({ class: "btn free", disabled: true }, h("span", { text: "Rehearse voice · free" }));
      this.missing = h("p", { class: "hint" });
      this.node = h("section", { class: "panel voice-maker", "aria-label": "New voice" }, h("h2", { text: "New voice" }), h("p", { class: "hint", text: "One person speaking clearly, 5 to 30 s: mp3, wav, mp4 or mov. A voice costs once." }),
        h("div", { class: "stack" }, h("label", { class: "label", for: "voice-file", text: "Recording" }), this.file), this.sound, this.trim.node, this.hear, this.checks, this.known,
        h("div", { class: "stack" }, h("label", { class: "label", for: "voice-name", text: "Name" }), this.name),
        h("div", { class: "voice-consent" }, this.consent, h("span", {}, h("label", { for: "voice-consent", text: "This person agreed to have their voice used" }), h("span", { class: "hint", text: "The cut recording is uploaded to fal.ai to make the voice." }))), this.wrong,
        h("div", { class: "row" }, this.create, this.rehearse), this.missing);
      this.listen();
      this.arm();
    }

    listen() {
      this.file.addEventListener("change", () => this.file.files[0] && this.read(this.file.files[0]));
      for (const type of ["dragenter", "dragover"]) this.node.addEventListener(type, (event) => { event.preventDefault(); this.node.classList.add("is-over"); });
      for (const type of ["dragleave", "drop"]) this.node.addEventListener(type, () => this.node.classList.remove("is-over"));
      this.node.addEventListener("drop", (event) => { event.preventDefault(); const file = event.dataTransfer?.files?.[0]; if (file) this.read(file); });
      this.clean.addEventListener("change", () => { this.stop(); this.check(); });
      for (const input of [this.name, this.consent]) input.addEventListener("input", () => this.arm());
      this.create.addEventListener("click", () => (studio.desk.hasKey() ? this.make("live") : studio.page.askForKey()));
      this.rehearse.addEventListener("click", () => this.make("rehearsal"));
      this.before.addEventListener("click", () => this.play("before"));
      this.after.addEventListener("click", () => this.play("after"));
      this.sound.addEventListener("timeupdate", () => { if (this.playing === "before" && this.sound.currentTime >= this.trim.end) this.stop(); });
      this.sound.addEventListener("ended", () => this.stop());
      studio.live.subscribe((event) => { if (event.type === "studio" || event.type === "snapshot") this.arm(); });
    }

    async read(file) {
      const ticket = (this.ticket = Symbol("read"));
      this.stop();
      this.recording = null;
      this.say("");
      this.arm("Reading the recording");
      try {
        const recording = await studio.wells.upload("sound", file, () => {});
        if (this.ticket !== ticket) return;
        this.recording = recording;
        this.trim.load(recording);
        show(this.hear, true);
        if (!this.name.value) this.name.value = (file.name || "").replace(/\.[^.]*$/, "").slice(0, 60);
        await this.check();
      } catch (error) {
        if (this.ticket !== ticket) return;
        for (const node of [this.trim.node, this.hear, this.known]) show(node, false);
        this.checks.replaceChildren();
        this.say(error.message);
      }
      this.arm();
    }

    cut() { return { ref: this.recording.ref, start_s: this.trim.start, end_s: this.trim.end, clean: this.clean.checked }; }

    async check() {
      const ticket = (this.checking = Symbol("check"));
      if (!this.recording) return;
      let answer = null;
      try { answer = await post("/studio/voices/check", this.cut()); } catch (error) { if (this.checking === ticket) this.say(error.message); }
      if (this.checking !== ticket) return;
      this.isGood = Boolean(answer) && answer.checks.every((check) => check.level !== "bad");
      this.checks.replaceChildren(...(answer?.checks || []).map((check) => h("li", { class: `is-${check.level}` }, icon(check.level === "ok" ? "check" : "warning"), h("span", { text: check.text }))));
      if (answer) this.say("");
      this.drawKnown(answer?.known);
      this.arm();
    }

    drawKnown(name) {
      this.isKnown = Boolean(name);
      show(this.known, this.isKnown);
      if (!name) return;
      const use = button({ class: "btn small" }, h("span", { text: "Use it, free" }));
      const held = voices.list.find((voice) => voice.name === name && voice.world === "live");
      use.addEventListener("click", () => (held ? useVoice(held) : this.make("live")));
      this.known.replaceChildren(icon("check"), h("span", { text: `You already made this voice: ${name}.` }), use);
    }

    arm(busy = "") {
      this.busy = busy;
      const gap = busy || (!this.recording ? "Choose a recording" : !this.isGood ? "Mend what is marked above" : !this.name.value.trim() ? "Give it a name" : !this.consent.checked ? "Confirm that this person agreed" : "");
      setText(this.missing, gap);
      show(this.missing, Boolean(gap));
      const hasKey = studio.desk.hasKey();
      setText(this.create.firstChild, hasKey ? `${this.isKnown ? "Use voice · free" : `Create voice · ${this.price}`}` : `Add key to create · ${this.price}`);
      this.create.disabled = hasKey && Boolean(gap);
      this.create.classList.toggle("paid", hasKey && !this.isKnown);
      this.rehearse.disabled = Boolean(gap);
    }

    stop() {
      this.sound.pause();
      this.playing = "";
      for (const node of [this.before, this.after]) studio.dom.setIcon(node, "play");
    }

    /** The part as it was recorded, or as it would be sent. */
    async play(which) {
      const isOn = this.playing === which;
      this.stop();
      if (isOn) return;
      this.playing = which;
      const node = which === "before" ? this.before : this.after;
      try {
        const source = which === "before" ? this.recording.file : (await post("/studio/voices/audition", this.cut())).file;
        if (this.playing !== which) return;
        if (this.sound.getAttribute("src") !== source) this.sound.src = source;
        this.sound.currentTime = which === "before" ? this.trim.start : 0;
        studio.dom.setIcon(node, "pause");
        await this.sound.play();
      } catch (error) { if (this.playing === which) { this.stop(); if (error.name !== "AbortError") this.say(error.message); } }
    }

    async make(world) {
      this.stop();
      this.arm(world === "live" ? "Making the voice at fal.ai" : "Rehearsing the voice");
      const body = { ...this.cut(), name: this.name.value.trim() || "Voice", world, has_consent: this.consent.checked || this.isKnown };
      // A voice that came to nothing may be tried again; the studio itself knows a recording that is under way.
      body.key = `page:${studio.boot.home_id}:voice:${studio.desk.digest(JSON.stringify(body))}:${this.attempt}`;
      try {
        const answer = await post("/studio/voices", body);
        this.say("");
        const words = answer.is_known ? `You already made this voice: ${answer.voice.name}. It cost nothing.` : `${answer.voice.name} is ready.`;
        studio.notices.toast(words, { action: { label: "Use in draft", run: () => useVoice(answer.voice) } });
        await this.onMade();
        await this.check();
      } catch (error) {
        this.attempt += 1;
        this.say(error.message);
      }
      this.arm();
    }

    say(sentence) { setText(this.wrong, sentence); show(this.wrong, Boolean(sentence)); }
  }

  const draftVoices = () => studio.desk.value(VOICED, "voice_ids") || [];

  /** Put a voice into a slot of the draft, the first free one where none is named, and show the desk. */
  function useVoice(voice, slot = draftVoices()[0] ? 1 : 0) {
    const next = [draftVoices()[0] || "", draftVoices()[1] || ""];
    if (next[1 - slot] === voice.voice_id) next[1 - slot] = "";
    next[slot] = voice.voice_id;
    putVoices(next);
    studio.desk.open(VOICED);
    studio.page.write();
    studio.notices.announce(`${voice.name} is voice ${slot + 1}`);
  }

  function putVoices(ids) {
    const kept = [...ids];
    while (kept.length && !kept[kept.length - 1]) kept.pop();
    studio.desk.put(VOICED, { script: { voice_ids: kept } });
  }

  class VoiceCard {
    constructor(page) {
      this.page = page;
      this.node = h("section", { class: "voice-card" });
    }

    /** Drawn anew only where something differs, and never under somebody's hands. */
    draw(voice) {
      const slot = draftVoices().indexOf(voice.voice_id);
      const signature = JSON.stringify([voice, slot, draftVoices().filter(Boolean).length]);
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
      const filled = [0, 1].filter((place) => draftVoices()[place]);
      const into = slot >= 0 ? [act("Take out of draft", "", () => { putVoices(draftVoices().map((id) => (id === voice.voice_id ? "" : id))); setTimeout(() => this.page.draw(), 300); })]
        : filled.length === 2 ? [0, 1].map((place) => act(`Replace voice ${place + 1}`, "", () => useVoice(voice, place)))
          : [act(`Use as voice ${filled.includes(0) ? 2 : 1}`, "", () => useVoice(voice))];
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
      const { picture, sound, voices: extra } = studio.boot.prices[VOICED];
      const price = h("p", { class: "hint", text: `A draft can use two voices, in Image to video only. Any voice changes the rate from ${exact(picture + sound)} to ${exact(picture + sound + extra)} a second.` });
      const tones = studio.boot.speech === false ? h("p", { class: "hint", text: "Rehearsals speak in tones here. Install espeak-ng, then start the studio again, to hear the words." }) : null;
      root.replaceChildren(h("div", { class: "page" }, h("div", { class: "page-bar" }, h("h1", { text: "Voices" }), this.search),
        h("div", { class: "voices-grid" }, h("div", {}, this.list, this.empty, price, tones), h("div", {}, this.maker.node, this.adder()))));
      whenShown(root, () => this.load());
    }

    async load() {
      await loadVoices();
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

  /* --- Spend ---------------------------------------------------------------------------------------------------- */

  const CHARGES = { free: "Free", held: "Held", billed: "Billed", not_billed: "Not billed", may_be_billed: "May be billed" };

  class SpendPage {
    constructor(root) {
      this.top = h("div", { class: "grid-2" });
      this.modes = h("tbody");
      this.rows = h("tbody");
      const csv = h("a", { class: "btn small", href: "/studio/spend.csv", download: "spend.csv" }, icon("download"), h("span", { text: "CSV" }));
      root.replaceChildren(h("div", { class: "page" }, h("h1", { text: "Spend" }), this.top,
        h("section", { class: "panel", "aria-label": "By mode" }, h("h2", { text: "By mode" }), h("div", { class: "table-scroll" }, h("table", { class: "ledger" }, h("thead", {}, h("tr", {}, ...["Mode", "Takes", "Estimated", "Billed"].map((title, index) => h("th", { class: index ? "amount" : "", text: title })))), this.modes))),
        h("section", { class: "panel", "aria-label": "Ledger" }, h("div", { class: "row is-apart" }, h("h2", { text: "Ledger" }), csv), h("div", { class: "table-scroll" }, h("table", { class: "ledger" }, h("thead", {}, h("tr", {}, h("th", { text: "When" }), h("th", { text: "Take" }), h("th", { class: "wide", text: "What" }), h("th", { class: "amount", text: "Estimated" }), h("th", { class: "amount", text: "Billed" }), h("th", { class: "amount wide", text: "Difference" }), h("th", { text: "Money" }))), this.rows)))));
      whenShown(root, () => this.load());
    }

    async load() {
      try { this.draw(await get("/studio/spend")); } catch (error) { complain(error); }
    }

    draw(data) {
      const most = Math.max(1, ...data.days.map((day) => day.spent));
      const bars = h("div", { class: "bars", role: "img", "aria-label": `Last ${data.days.length} days: ${data.days.map((day) => `${day.day} ${money(day.spent)}`).join(", ")}` }, ...data.days.map((day) => h("i", { class: day.spent ? "" : "is-none", title: `${day.day}: ${money(day.spent)}`, style: { height: `${Math.max(2, (day.spent / most) * 100)}%` } })));
      const today = h("section", { class: "panel", "aria-label": "Today" }, h("h2", { text: "Today" }), h("div", { class: "big num", text: money(data.today.spent) }), h("p", { class: "hint num", text: `${money(data.today.held)} held · ${data.today.limit == null ? "no limit" : `limit ${money(data.today.limit)}`} · this month ${money(data.month)}` }), bars);
      if (this.isTyping) this.top.firstElementChild.replaceWith(today); // what is being typed into the limits stays
      else this.top.replaceChildren(today, this.limits(data));
      this.modes.replaceChildren(...data.modes.map((mode) => h("tr", {}, h("td", { text: mode.title }), h("td", { class: "amount", text: String(mode.takes) }), h("td", { class: "amount", text: exact(mode.estimate) }), h("td", { class: "amount", text: exact(mode.billed) }))));
      this.rows.replaceChildren(...(data.rows.length ? data.rows.map((row) => this.row(row)) : [h("tr", {}, h("td", { colspan: 7, class: "hint", text: "Nothing spent yet." }))]));
    }

    row(row) {
      const difference = row.billed == null ? null : row.billed - row.estimate;
      const name = row.take_id ? button({ class: "btn small quiet", text: row.label }) : h("span", { text: row.label });
      if (row.take_id) name.addEventListener("click", () => { studio.live.select(row.take_id); studio.page.section("studio"); studio.page.watch(); });
      return h("tr", {}, h("td", { class: "num", text: dayAndTime(row.at) }), h("td", {}, name), h("td", { class: "wide", text: row.what }), h("td", { class: "amount", text: exact(row.estimate) }), h("td", { class: "amount", text: row.billed == null ? "pending" : exact(row.billed) }), h("td", { class: `amount wide${difference > 0 ? " is-over" : ""}`, text: difference == null ? "" : difference === 0 ? "–" : (difference > 0 ? "+" : "−") + exact(Math.abs(difference)) }), h("td", { text: row.note || CHARGES[row.charge] || row.charge }));
    }

    limits({ limits }) {
      const fields = [["day", "A day"], ["session", "A session"], ["take", "One take"], ["ask_again", "Ask again above"]];
      const inputs = Object.fromEntries(fields.map(([key]) => [key, h("input", { class: "field num", id: `limit-${key}`, inputmode: "decimal", value: limits[key] == null ? "" : (limits[key] / 1e6).toFixed(2), placeholder: "no limit" })]));
      for (const input of Object.values(inputs)) input.addEventListener("input", () => { this.isTyping = true; });
      const save = button({ class: "btn" }, h("span", { text: "Save limits" }));
      save.addEventListener("click", async () => {
        try { await post("/studio/limits", Object.fromEntries(fields.map(([key]) => [key, inputs[key].value.trim()]))); this.isTyping = false; studio.notices.toast("Limits saved"); await this.load(); } catch (error) { complain(error); }
      });
      const check = button({ class: "btn quiet" }, h("span", { text: "Check prices at fal.ai" }));
      const found = h("p", { class: "hint", role: "status" });
      check.addEventListener("click", async () => { try { setText(found, (await post("/studio/prices/check", {})).sentence); } catch (error) { setText(found, error.message); } });
      return h("section", { class: "panel", "aria-label": "Limits" }, h("h2", { text: "Limits, in dollars" }), h("div", { class: "limits" }, ...fields.map(([key, title]) => h("label", { for: `limit-${key}` }, title, inputs[key]))), h("p", {}), h("div", { class: "row" }, save, studio.desk.hasKey() ? check : null), found);
    }
  }

  /* --- Settings ------------------------------------------------------------------------------------------------- */

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

  studio.islands = studio.islands || {};
  studio.islands.takes = (root) => new TakesPage(root);
  studio.islands.voices = (root) => new VoicesPage(root);
  studio.islands.spend = (root) => new SpendPage(root);
  studio.islands.settings = (root) => new SettingsPage(root);
  studio.pages = { loadVoices, spell };
  loadVoices(); // needs no page: whoever is there later reads the list, whoever is there already is told
})();
