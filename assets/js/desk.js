/* One draft a mode: what the fields hold, what it would cost, what is missing, and one press that counts once. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, money, keep, setText, show } = studio.dom;

  const GUARD_MS = 1000; // a second press this soon after an accepted one is a double click
  const LOST_MS = 20000; // no answer for this long: unlock, with the same key, so that pressing again is harmless
  const ASK_MS = 4000;
  const DEFAULT_ASK_MICROS = 1000000;
  const KEPT_PRESSES = 200;
  const FILE_GAPS = { start_image_url: "Add a start frame", image_url: "Add a character", video_url: "Add a movement clip" };

  const FOLDED = ["negative_prompt", "cfg_scale"];

  const drafts = new Map();
  const draft = (mode) => {
    if (!drafts.has(mode)) drafts.set(mode, { mode, fields: {}, parts: {}, lock: null, acceptedAt: 0, askUntil: 0, pending: null });
    return drafts.get(mode);
  };

  /** POST JSON to one of our routes. Throws an Error whose message is a sentence for a person. */
  async function post(path, body, method = "POST") {
    let answer;
    try {
      answer = await fetch(path, { method, headers: { "Content-Type": "application/json", "X-Studio": "1" }, body: JSON.stringify(body) });
    } catch {
      throw new Error("Connection to the studio lost. Your draft is safe.");
    }
    const read = await answer.json().catch(() => ({}));
    if (!answer.ok || read.error) throw new Error(read.error?.sentence || `The studio answered ${answer.status}. Nothing was charged.`);
    return read;
  }

  /* --- values ------------------------------------------------------------------------------------------------- */

  /** The draft in fal's own names, with files as references; what is absent is left out. */
  function values(mode) {
    const { fields } = draft(mode);
    const found = {};
    for (const [name, value] of Object.entries(fields)) {
      if (name === "files") Object.assign(found, Object.fromEntries(Object.entries(value?.files || {}).filter(([, file]) => file)));
      else if (name === "script") Object.assign(found, { prompt: value?.prompt || "", ...(value?.voice_ids?.length ? { voice_ids: value.voice_ids } : {}) });
      else found[name] = value;
    }
    return found;
  }

  const value = (mode, name) => values(mode)[name];

  function clipSeconds(found) {
    const clip = found.video_url;
    return clip ? (clip.end_s ?? clip.duration_s) - (clip.start_s ?? 0) : null;
  }

  function quote(mode) {
    const found = values(mode);
    return studio.price.quote(mode, found, clipSeconds(found));
  }

  /** Words in the boxes count before the grammar has answered with the prompt that they make. */
  function isWritten(script) {
    return Boolean([script?.scene, script?.raw, ...(script?.lines || []).map((line) => line.text)].join("").trim());
  }

  /** What must be filled before anything can be sent: {field, label} or null. */
  function gap(mode) {
    const found = values(mode);
    const limit = studio.boot.prompt_limit;
    for (const name of Object.keys(draft(mode).fields.files?.files || {})) {
      if (FILE_GAPS[name] && !found[name]) return { field: name, label: FILE_GAPS[name] };
    }
    const trim = draft(mode).parts.files?.trim?.problem();
    if (trim) return { field: "video_url", label: trim };
    const length = [...(found.prompt || "")].length;
    if (mode !== "motion-control" && !(found.prompt || "").trim() && !isWritten(draft(mode).fields.script?.script)) return { field: "prompt", label: "Write a scene" };
    if (length > limit) return { field: "prompt", label: `Prompt is ${length - limit} too long` };
    return null;
  }

  /* --- what the cost bar says --------------------------------------------------------------------------------- */

  const state = () => studio.live.studio || {};
  const hasKey = () => Boolean(state().has_key ?? studio.boot.has_key);

  function generateLabel(mode) {
    const own = draft(mode);
    const price = quote(mode);
    if (own.lock === "live") return `Sending ${money(price?.usd_micros)}`;
    if (!hasKey()) return "Add key to generate";
    const missing = gap(mode);
    if (missing) return missing.label;
    const today = state().today;
    if (today && price && today.limit != null) {
      const over = today.spent + today.held + price.usd_micros - today.limit;
      if (over > 0) return `Over today's limit by ${money(over)}`;
    }
    if (own.askUntil > Date.now()) return `Press again to spend ${money(price?.usd_micros)}`;
    return price ? `Generate · ${money(price.usd_micros)}` : "Generate";
  }

  function rehearseLabel(mode) {
    return draft(mode).lock === "rehearsal" ? "Rehearsing · free" : "Rehearse · free";
  }

  const setLabel = (label) => ({ __type__: "update", value: label });

  function bar(mode) {
    document.body.classList.toggle(`has-gap-${mode}`, Boolean(gap(mode)) || !hasKey());
    document.body.classList.toggle("is-keyless", !hasKey());
    return [{ mode, quote: quote(mode), stamp: ++stamp }, setLabel(rehearseLabel(mode)), setLabel(generateLabel(mode))];
  }
  let stamp = 0;

  /** Every change of a field comes here with all fields of its tab; gives the cost bar back, at once. */
  function changed(mode, names, given) {
    const own = draft(mode);
    const before = JSON.stringify([own.fields.duration, own.fields.generate_audio]);
    const was = pressKey(mode, "live", own.fields).hash;
    own.fields = Object.fromEntries(names.map((name, index) => [name, given[index]]));
    if (pressKey(mode, "live", own.fields).hash !== was) own.askUntil = 0; // a refresh changes nothing that is sent
    if (own.isRestored) keep.set(`draft.${mode}`, JSON.stringify(own.fields));
    if (JSON.stringify([own.fields.duration, own.fields.generate_audio]) !== before) own.parts.script?.ask();
    if (own.fields.character_orientation) own.parts.files?.trim?.draw(own.parts.files.files.video_url || null);
    cautions(mode);
    for (const name of FOLDED) if (name in own.fields) foldNow(mode, name, String(own.fields[name] ?? ""));
    return bar(mode);
  }

  /** A closed fold says what it holds. */
  function foldNow(mode, name, value) {
    const button = document.querySelector(`#${CSS.escape(mode)}--fold-${name} button`);
    if (!button) return;
    const now = button.querySelector(".fold-now") || h("span", { class: "fold-now" });
    if (!now.isConnected) button.querySelector("span")?.after(now);
    setText(now, value);
  }

  function cautions(mode) {
    const found = values(mode);
    if (mode === "image-to-video") draft(mode).parts.files?.caution_(found.end_image_url && found.generate_audio ? "End frame with sound is untested. It may be refused." : "");
  }

  /** Draw the cost bar again though no field changed: the budget moved, a key came, a lock opened. */
  function refresh(mode) {
    draft(mode).parts.files?.fire.change();
  }

  function trimmed(mode, file) {
    const own = draft(mode);
    own.fields = { ...own.fields, files: { ...own.fields.files, files: { ...own.fields.files?.files, video_url: file } } };
    own.parts.cost?.draw({ mode, quote: quote(mode) });
  }

  /* --- bringing a draft in ------------------------------------------------------------------------------------ */

  /** Put values into the fields: API names, or `files` and `script`. The page shows them as if they were typed. */
  function put(mode, changes) {
    const own = draft(mode);
    own.pending = { ...(own.pending || {}), ...changes };
    own.parts.answer?.fire.load();
  }

  function restored(mode, names, given) {
    const own = draft(mode);
    const changes = own.pending || {};
    own.pending = null;
    own.isRestored = true;
    if (!Object.keys(changes).length) setTimeout(() => refresh(mode), 0); // no field will change, and the bar has said nothing yet
    return names.map((name, index) => {
      if (!(name in changes)) return given[index];
      if (name === "files") return { ...given[index], files: { ...given[index].files, ...changes.files } };
      if (name === "script") { const next = { ...given[index], ...changes.script, mode, stamp: undefined }; own.parts.script?.load(next); return next; }
      return changes[name];
    });
  }

  function keptDraft(mode) {
    try {
      return JSON.parse(keep.get(`draft.${mode}`, "null"));
    } catch {
      return null;
    }
  }

  function fromKept(kept) {
    const { files, script, ...rest } = kept;
    return { ...rest, ...(files ? { files: files.files || {} } : {}), ...(script ? { script: { script: script.script, voice_ids: script.voice_ids, prompt: script.prompt } } : {}) };
  }

  /** A part of a mode's tab says that it is there; when the last one is, the kept draft comes back. */
  function register(mode, name, part) {
    const own = draft(mode);
    own.parts[name] = part;
    const needs = mode === "motion-control" ? ["files", "answer", "cost"] : ["files", "script", "answer", "cost"];
    if (!needs.every((need) => own.parts[need]) || own.isReady) return;
    own.isReady = true;
    const waiting = own.pending;
    const kept = keptDraft(mode);
    setTimeout(() => put(mode, waiting || (kept ? fromKept(kept) : {})), 0);
  }

  /** Show a mode's tab. */
  function open(mode) {
    studio.page.section("studio");
    const title = { "image-to-video": "Image to video", "text-to-video": "Text to video", "motion-control": "Motion control" }[mode];
    [...document.querySelectorAll("#modes [role=tab]")].find((tab) => tab.textContent.trim() === title)?.click();
  }

  function shown() {
    const tab = document.querySelector("#modes [role=tab][aria-selected=true]");
    return { "Image to video": "image-to-video", "Text to video": "text-to-video", "Motion control": "motion-control" }[tab?.textContent.trim()] || "image-to-video";
  }

  /** Take the scene and lines along to another mode; nothing is cleared where they came from. */
  function carry(from, to) {
    const script = draft(from).fields.script;
    open(to);
    put(to, { script: { script: script?.script || {}, voice_ids: [] } });
  }

  /** A draft made by the server (a starter, a take's recipe, a frame of a take) comes into its tab. */
  async function bring(path, body) {
    const answer = await post(path, body);
    open(answer.mode);
    if (answer.parent_id !== undefined) draft(answer.mode).parentId = answer.parent_id;
    put(answer.mode, answer.fields);
    studio.page.write();
    return answer;
  }

  /* --- one press ---------------------------------------------------------------------------------------------- */

  /** 53 bits of a text: tells drafts apart. Two drafts with one hash would be refused by the server, never confused. */
  function digest(text) {
    let [a, b] = [0xdeadbeef, 0x41c6ce57];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
  }

  function presses() {
    try {
      return JSON.parse(keep.get("presses", "{}"));
    } catch {
      return {};
    }
  }

  /** The same draft has the same key in every tab until one press of it was accepted; then the next one is new. */
  function pressKey(mode, world, given) {
    const slim = { ...given, files: Object.fromEntries(Object.entries(given.files?.files || {}).map(([name, file]) => [name, file && [file.ref, file.start_s, file.end_s]])), script: given.script && [given.script.prompt, given.script.voice_ids] };
    const hash = digest(JSON.stringify([mode, world, slim]));
    return { hash, key: `page:${studio.boot.home_id}:${world}:${hash}:${presses()[hash] || 0}` };
  }

  function accept(hash) {
    const counts = presses();
    const count = (counts[hash] || 0) + 1;
    delete counts[hash];
    const kept = Object.entries({ ...counts, [hash]: count }).slice(-KEPT_PRESSES);
    keep.set("presses", JSON.stringify(Object.fromEntries(kept)));
  }

  /** What goes to the server with a press; an empty key means that this press sends nothing. */
  function press(mode, names, given, world) {
    const fields = given.slice(0, names.length);
    const own = draft(mode);
    own.fields = Object.fromEntries(names.map((name, index) => [name, fields[index]]));
    const key = mayPress(mode, world) ? pressKey(mode, world, own.fields) : null;
    if (key) {
      own.lock = world;
      own.hash = key.hash;
      clearTimeout(own.lost);
      own.lost = setTimeout(() => unlock(mode, "The studio did not answer. Press again: the same press is never counted twice."), LOST_MS);
      refresh(mode);
    }
    return [...fields, { mode, press: key ? key.key : "", parent_id: own.parentId || null }];
  }

  function mayPress(mode, world) {
    const own = draft(mode);
    if (own.lock || Date.now() - own.acceptedAt < GUARD_MS) return false;
    if (world === "live" && !hasKey()) { studio.page.askForKey(); return false; }
    const missing = gap(mode);
    if (missing) { showGap(mode, missing); return false; }
    if (world === "live" && mustAsk(mode)) return false;
    return true;
  }

  function mustAsk(mode) {
    const own = draft(mode);
    const limit = state().ask_again_usd_micros ?? DEFAULT_ASK_MICROS;
    const price = quote(mode)?.usd_micros || 0;
    if (price <= limit || own.askUntil > Date.now()) return false;
    own.askUntil = Date.now() + ASK_MS;
    refresh(mode);
    setTimeout(() => refresh(mode), ASK_MS + 50);
    return true;
  }

  function showGap(mode, missing) {
    const { parts } = draft(mode);
    studio.page.write();
    if (missing.field === "prompt") parts.script ? parts.script.focus() : document.querySelector(`#${CSS.escape(mode)}--prompt textarea`)?.focus();
    else parts.files?.focus(missing.field);
    studio.notices.announce(missing.label);
  }

  function unlock(mode, sentence) {
    const own = draft(mode);
    clearTimeout(own.lost);
    own.lock = null;
    if (sentence) studio.notices.toast(sentence, { tone: "stop" });
    refresh(mode);
  }

  function answered(mode, answer) {
    const own = draft(mode);
    if (!answer.press || answer.press === own.answeredPress) return;
    own.answeredPress = answer.press;
    own.askUntil = 0;
    if (answer.take_id) {
      own.acceptedAt = Date.now();
      accept(own.hash);
      studio.live.select(answer.take_id);
      studio.page.watch(answer.card);
    }
    for (const problem of answer.problems || []) complain(mode, problem);
    unlock(mode);
    if (answer.error) studio.notices.problem(answer.error);
  }

  function complain(mode, { field, message }) {
    const { parts } = draft(mode);
    if (parts.files?.wells.has(field)) parts.files.complain(field, message);
    else if (parts.script && (field === "prompt" || field === "voice_ids")) parts.script.complain(field, message);
    else studio.notices.toast(message, { tone: "stop" });
  }

  class AnswerPart {
    constructor(element, { props, watch, fire }) {
      this.fire = fire;
      const mode = props.value.mode;
      watch("value", () => answered(mode, props.value));
      register(mode, "answer", this);
    }
  }

  class CostPart {
    constructor(element, { props, watch }) {
      this.mode = props.value.mode;
      this.parts = h("div", { class: "sum-parts num" });
      this.note = h("div", { class: "sum-note" });
      this.meterWords = h("div", { class: "meter-words num" });
      this.meter = h("div", { class: "meter", role: "img" }, h("i", { class: "meter-spent" }), h("i", { class: "meter-held" }));
      element.replaceChildren(h("div", { class: "sum" }, h("div", { class: "sum-left" }, this.parts, this.note), h("div", { class: "sum-right" }, this.meterWords, this.meter)));
      watch("value", () => this.draw(props.value));
      this.draw(props.value);
      register(this.mode, "cost", this);
    }

    draw(given) {
      const price = given.quote;
      this.parts.replaceChildren(...(price ? this.sentence(price) : [h("span", { class: "hint", text: given.mode === "motion-control" ? "Add a movement clip to see the price" : "" })]));
      const rule = studio.boot.prices[this.mode];
      const listed = (state().price_notes || {})[this.mode];
      setText(this.note, listed || (price && !rule.is_confirmed ? `Rate not yet seen on a bill, read ${rule.read_on}` : ""));
      this.note.title = this.note.textContent;
      this.drawMeter(price?.usd_micros || 0);
    }

    sentence(price) {
      const cell = (label, amount, name = "") => h("span", { class: `sum-part ${name}` }, h("span", { class: "hint", text: label }), h("b", { text: amount }));
      const sign = (text) => h("span", { class: "sum-sign hint", text });
      const rate = `${Number(price.duration_s.toFixed(1))} s × ${studio.price.exact(price.rate)}`;
      if (this.mode === "motion-control") return [cell("Kept length", `${price.duration_s.toFixed(1)} s`, "is-part"), sign("×"), cell("Rate", `${studio.price.exact(price.rate)}/s`, "is-part"), sign("="), cell(rate, money(price.usd_micros), "is-total")];
      const parts = price.parts.flatMap(({ label, usd_micros }, index) => [index ? sign("+") : null, cell(label, money(usd_micros), "is-part")]);
      return [...parts.filter(Boolean), sign("="), cell(rate, money(price.usd_micros), "is-total")];
    }

    drawMeter(price) {
      const today = state().today || studio.boot.today;
      if (!hasKey()) {
        this.meterWords.replaceChildren(h("span", { class: "free-words", text: "No key: rehearsal only" }), h("span", { class: "hint", text: price ? `This take would cost ${money(price)}` : "" }));
        show(this.meter, false);
        return;
      }
      show(this.meter, Boolean(today?.limit));
      if (!today) return;
      const held = today.held ? `, ${money(today.held)} held` : "";
      this.meterWords.replaceChildren(h("span", {}, "Today ", h("b", { text: money(today.spent) }), today.limit == null ? held : ` of ${money(today.limit)}${held}`));
      if (!today.limit) return;
      const share = (amount) => Math.min(100, (amount / today.limit) * 100);
      this.meter.children[0].style.width = `${share(today.spent)}%`;
      this.meter.children[1].style.left = `${share(today.spent)}%`;
      this.meter.children[1].style.width = `${Math.min(100 - share(today.spent), share(today.held + price))}%`;
      this.meter.setAttribute("aria-label", `${money(today.spent)} spent and ${money(today.held)} held of ${money(today.limit)} today`);
    }
  }

  studio.islands = studio.islands || {};
  studio.islands.answer = (element, gates) => new AnswerPart(element, gates);
  studio.islands.cost = (element, gates) => new CostPart(element, gates);

  const refreshAll = () => { for (const [mode, own] of drafts) if (own.isReady) refresh(mode); };
  studio.live.subscribe((event) => { if (event.type === "studio" || event.type === "snapshot") refreshAll(); });

  studio.desk = { register, changed, restored, press, put, post, value, values, quote, gap, carry, bring, open, shown, trimmed, refresh, hasKey, digest };
})();
