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

  class VoicesPage {
    constructor(root) {
      this.list = h("div", { class: "cards" });
      this.empty = h("p", { class: "empty", text: "No voices yet. Add a clip of one person speaking, 5 to 30 seconds." });
      root.replaceChildren(h("div", { class: "page" }, h("h1", { text: "Voices" }), h("div", { class: "grid-2" }, this.maker(), this.adder()), this.list, this.empty));
      whenShown(root, () => this.load());
    }

    async load() {
      await loadVoices();
      show(this.empty, !voices.list.length);
      this.list.replaceChildren(...voices.list.map((voice) => this.card(voice)));
    }

    maker() {
      this.file = h("input", { type: "file", id: "voice-file", accept: ".mp3,.wav,.mp4,.mov,audio/mpeg,audio/wav,video/mp4,video/quicktime" });
      this.player = h("audio", { controls: true, hidden: true, "aria-label": "The recording" });
      this.wave = h("canvas", { class: "voice-wave", width: 600, height: 88, hidden: true, "aria-hidden": "true" });
      this.checks = h("ul", { class: "checks" });
      this.from = h("input", { class: "field num", type: "number", step: "0.1", min: "0", value: "0", id: "voice-from" });
      this.until = h("input", { class: "field num", type: "number", step: "0.1", min: "0", id: "voice-until" });
      this.clean = h("input", { type: "checkbox", id: "voice-clean" });
      this.clean.checked = true;
      this.name = h("input", { class: "field", id: "voice-name", placeholder: "Marlow", maxlength: 60 });
      this.consent = h("input", { type: "checkbox", id: "voice-consent" });
      this.wrong = h("p", { class: "wrong", role: "alert", hidden: true });
      this.rehearse = button({ class: "btn free", disabled: true }, h("span", { text: "Rehearse voice · free" }));
      this.create = button({ class: "btn paid", disabled: true }, h("span", { text: `Create voice · ${exact(studio.boot.prices["create-voice"].per_call)}` }));
      this.audition = button({ class: "btn small", hidden: true }, h("span", { text: "Hear it cleaned" }));
      this.trimRow = h("div", { class: "limits", hidden: true }, h("label", { for: "voice-from" }, "From, s", this.from), h("label", { for: "voice-until" }, "To, s", this.until), h("label", { class: "row", for: "voice-clean" }, this.clean, " Even out level, cut silence"));
      this.file.addEventListener("change", () => this.read());
      for (const input of [this.from, this.until, this.clean]) input.addEventListener("change", () => this.check());
      for (const input of [this.name, this.consent]) input.addEventListener("input", () => this.arm());
      this.create.addEventListener("click", () => this.make("live"));
      this.rehearse.addEventListener("click", () => this.make("rehearsal"));
      this.audition.addEventListener("click", () => this.hearClean());
      return h("section", { class: "panel", "aria-label": "New voice" }, h("h2", { text: "New voice" }), h("p", { class: "hint", text: "One person speaking clearly, 5 to 30 s. mp3, wav, mp4 or mov. A voice costs once." }),
        h("div", { class: "stack" }, h("label", { class: "label", for: "voice-file", text: "Recording" }), this.file), this.player, this.wave, this.checks, this.trimRow, h("p", {}, this.audition),
        h("div", { class: "stack" }, h("label", { class: "label", for: "voice-name", text: "Name" }), this.name),
        h("p", { class: "row" }, this.consent, h("label", { for: "voice-consent", text: "This person agreed to have their voice used" })), this.wrong, h("div", { class: "row" }, this.create, this.rehearse));
    }

    async read() {
      const file = this.file.files[0];
      if (!file) return;
      this.sound = null;
      this.say("");
      try {
        this.sound = await studio.wells.upload("sound", file, () => {});
        this.until.value = Math.min(30, this.sound.duration_s).toFixed(1);
        this.from.value = "0";
        this.player.src = this.sound.file;
        if (!this.name.value) this.name.value = (file.name || "").replace(/\.[^.]*$/, "").slice(0, 60);
        for (const node of [this.player, this.trimRow, this.wave, this.audition]) show(node, true);
        this.drawWave();
        await this.check();
      } catch (error) { this.say(error.message); }
      this.arm();
    }

    cut() { return { ref: this.sound.ref, start_s: Number(this.from.value) || 0, end_s: Number(this.until.value) || this.sound.duration_s, clean: this.clean.checked }; }

    async check() {
      if (!this.sound) return;
      try {
        const answer = await post("/studio/voices/check", this.cut());
        this.sound.isGood = answer.checks.every((check) => check.level !== "bad");
        this.known = answer.known;
        this.checks.replaceChildren(...answer.checks.map((check) => h("li", { class: `is-${check.level}` }, icon(check.level === "ok" ? "check" : "warning"), h("span", { text: check.text }))));
        this.say(answer.known ? `You already made this voice: ${answer.known}. Use it, free.` : "");
      } catch (error) { this.say(error.message); this.sound.isGood = false; }
      this.arm();
    }

    arm() {
      const isReady = Boolean(this.sound?.isGood && this.consent.checked && this.name.value.trim()) && !this.isBusy;
      this.create.disabled = !isReady || !studio.desk.hasKey();
      this.rehearse.disabled = !isReady;
    }

    drawWave() {
      const { peaks = [] } = this.sound;
      const pen = this.wave.getContext("2d");
      pen.clearRect(0, 0, 600, 88);
      pen.fillStyle = getComputedStyle(this.wave).color;
      peaks.forEach((peak, index) => { const tall = Math.max(2, peak * 84); pen.fillRect((index * 600) / peaks.length, 44 - tall / 2, Math.max(1, 600 / peaks.length - 1), tall); });
    }

    async hearClean() {
      try {
        const answer = await post("/studio/voices/audition", this.cut());
        this.player.src = answer.file;
        await this.player.play().catch(() => {});
      } catch (error) { this.say(error.message); }
    }

    async make(world) {
      this.isBusy = true;
      this.arm();
      const body = { ...this.cut(), name: this.name.value.trim(), world, has_consent: this.consent.checked };
      body.key = `page:${studio.boot.home_id}:voice:${studio.desk.digest(JSON.stringify(body))}`;
      try {
        const answer = await post("/studio/voices", body);
        studio.notices.toast(answer.is_known ? `You already made this voice: ${answer.voice.name}. It cost nothing.` : `${answer.voice.name} is ready.`);
        await this.load();
      } catch (error) { this.say(error.message); }
      this.isBusy = false;
      this.arm();
    }

    adder() {
      const id = h("input", { class: "field", id: "known-voice-id", placeholder: "829877809978941442", maxlength: 64 });
      const name = h("input", { class: "field", id: "known-voice-name", placeholder: "Ines", maxlength: 60 });
      const add = button({ class: "btn" }, h("span", { text: "Add voice" }));
      add.addEventListener("click", async () => {
        try { await post("/studio/voices/add", { voice_id: id.value.trim(), name: name.value.trim() }); id.value = ""; name.value = ""; await this.load(); } catch (error) { complain(error); }
      });
      return h("section", { class: "panel", "aria-label": "Add a voice you have" }, h("h2", { text: "Add a voice you have" }), h("p", { class: "hint", text: "A voice ID from the create-voice endpoint. Adding it is free." }), h("div", { class: "stack" }, h("label", { class: "label", for: "known-voice-id", text: "Voice ID" }), id), h("div", { class: "stack" }, h("label", { class: "label", for: "known-voice-name", text: "Name" }), name), add);
    }

    say(sentence) { setText(this.wrong, sentence); show(this.wrong, Boolean(sentence)); }

    card(voice) {
      const rename = h("input", { class: "field", value: voice.name, "aria-label": "Name", maxlength: 60 });
      rename.addEventListener("change", () => post(`/studio/voices/${voice.id}`, { name: rename.value.trim() }).then(loadVoices, complain));
      const note = h("input", { class: "field", value: voice.note || "", placeholder: "Note", "aria-label": `Note for ${voice.name}`, maxlength: 300 });
      note.addEventListener("change", () => post(`/studio/voices/${voice.id}`, { note: note.value }).catch(complain));
      const tags = h("input", { class: "field", value: (voice.tags || []).join(", "), placeholder: "Tags, with commas", "aria-label": `Tags for ${voice.name}`, maxlength: 200 });
      tags.addEventListener("change", () => post(`/studio/voices/${voice.id}`, { tags: tags.value.split(",").map((tag) => tag.trim()).filter(Boolean) }).catch(complain));
      const use = button({ class: "btn small" }, h("span", { text: "Use in draft" }));
      use.addEventListener("click", () => { studio.desk.open("image-to-video"); const desk = studio.desk.value("image-to-video", "voice_ids") || []; const next = desk[0] && desk[0] !== voice.voice_id ? [desk[0], voice.voice_id] : [voice.voice_id]; studio.desk.put("image-to-video", { script: { voice_ids: next } }); });
      const remove = button({ class: "btn small quiet" }, h("span", { text: "Delete" }));
      remove.addEventListener("click", async () => { try { await post(`/studio/voices/${voice.id}/delete`, {}); await this.load(); studio.notices.toast(`${voice.name} is deleted here. fal.ai may still know its ID: ${voice.voice_id}.`); } catch (error) { complain(error); } });
      return h("section", { class: "voice-card", "aria-label": voice.name, data: { voice: voice.voice_id } }, rename,
        voice.sample ? h("audio", { controls: true, src: voice.sample, preload: "none", "aria-label": `Sample of ${voice.name}` }) : null,
        h("p", { class: "hint" }, h("span", { class: "mono", text: voice.voice_id }), voice.world === "rehearsal" ? " · rehearsal only" : "", ` · used in ${voice.uses || 0} takes`), note, tags, h("div", { class: "row" }, use, remove));
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
      this.top.replaceChildren(
        h("section", { class: "panel", "aria-label": "Today" }, h("h2", { text: "Today" }), h("div", { class: "big num", text: money(data.today.spent) }), h("p", { class: "hint num", text: `${money(data.today.held)} held · ${data.today.limit == null ? "no limit" : `limit ${money(data.today.limit)}`} · this month ${money(data.month)}` }), bars),
        this.limits(data));
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
      const save = button({ class: "btn" }, h("span", { text: "Save limits" }));
      save.addEventListener("click", async () => {
        try { await post("/studio/limits", Object.fromEntries(fields.map(([key]) => [key, inputs[key].value.trim()]))); studio.notices.toast("Limits saved"); await this.load(); } catch (error) { complain(error); }
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
  addEventListener("DOMContentLoaded", loadVoices);
})();
