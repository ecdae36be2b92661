/* The dialogue desk: scene, lines, ruler and what Kling reads. The grammar is the server's; this draws and listens. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, show, setText, patchChildren, copy, money } = studio.dom;

  const BOXES = [
    ["camera", "Camera", "slow push in, eye level", ["slow push in", "slow pull out", "pan left", "pan right", "tilt up", "handheld, close", "static, wide", "orbit around them"]],
    ["ambience", "Ambience", "wind, gulls far off", ["quiet room tone", "rain on a tin roof", "crowd murmur", "wind in dry grass", "waves below", "city at night"]],
    ["effects", "Effects", "the door closes", ["footsteps on wood", "train whistle", "a door closes", "glass clinks", "thunder far off"]],
    ["music", "Music", "no music", ["no music", "slow piano", "soft strings swell", "a lone guitar"]],
  ];
  const DELIVERIES = ["low, tired", "quiet, steady", "warm", "whispering", "shouting", "singing", "fast, excited", "raspy voice", "narration, calm"];
  const VOICED = "image-to-video";
  const SCENE_HINT = { "image-to-video": "Motion and sound, not what the picture shows", "text-to-video": "Scene, action, camera, then sound" };
  const SCENE_HELP = { "image-to-video": "The keeper lowers his cap as the lamp turns behind him. Slow push in. Gulls far off, no music.", "text-to-video": "Two old friends meet at a train station after 20 years. Steam drifts across the platform. Slow push in." };
  const PUBLISH_MS = 150; // after the last answer; a press of any button publishes at once
  const ASK_MS = 100; // from one question to the next: as live as an eye can follow
  const SAY_MS = 1200;
  const { Row, growing } = studio.scriptParts;
  let serial = 0;

  /** Calls `work` one at a time; what was asked for meanwhile is asked once more, with the newest state. */
  function newestOnly(work) {
    let [isBusy, isStale] = [false, false];
    return async () => {
      isStale = true;
      if (isBusy) return;
      isBusy = true;
      while (isStale) { isStale = false; await work(() => !isStale); }
      isBusy = false;
    };
  }

  /** Let the key that was pressed be painted before anything else happens. A hidden page paints nothing. */
  const afterPaint = () => new Promise((resolve) => { const soon = setTimeout(resolve, 60); requestAnimationFrame(() => { clearTimeout(soon); setTimeout(resolve, 0); }); });

  class ScriptDesk {
    constructor(element, { props, watch, fire }) {
      Object.assign(this, { props, fire });
      this.mode = props.value.mode;
      this.rows = [];
      this.answer = null;
      const asking = newestOnly((isNewest) => this.askOnce(isNewest));
      this.ask = () => { this.isAnswered = false; return asking(); };
      this.byHand = newestOnly(() => this.readHand());
      this.build(element);
      this.load(props.value, false);
      watch("value", () => { if (!this.isOwn()) this.load(this.props.value, false); });
      // A press, and a draft that is left, must hold what stands in the boxes, however shortly before it was typed.
      addEventListener("beforeunload", () => this.publishNow());
      document.addEventListener("visibilitychange", () => this.publishNow());
      for (const type of ["pointerdown", "keydown"]) addEventListener(type, (event) => { if (type === "pointerdown" || ["Enter", " "].includes(event.key) && (event.ctrlKey || event.metaKey || event.target.matches?.("button"))) this.publishNow(); }, true);
      studio.desk.register(this.mode, "script", this);
      addEventListener("studio:voices", () => this.drawVoices());
    }

    build(element) {
      const id = (part) => `${this.mode}--${part}`;
      this.scene = growing(h("textarea", { class: "field", id: id("scene"), rows: 3, placeholder: SCENE_HELP[this.mode] || "", "aria-describedby": id("scene-hint") }), 3, 8);
      this.boxes = Object.fromEntries(BOXES.map(([key, , help]) => [key, h("input", { class: "field", id: id(key), placeholder: help, list: `${id(key)}-list`, maxlength: 600 })]));
      const extras = BOXES.map(([key, title, , ideas]) => h("div", {}, h("label", { class: "hint", for: id(key), text: title }), this.boxes[key], h("datalist", { id: `${id(key)}-list` }, ...ideas.map((idea) => h("option", { value: idea })))));
      this.extras = h("details", { class: "script-extras" }, h("summary", {}, h("span", { class: "label", text: "Camera and sound " }), (this.extrasNow = h("span", { class: "hint" }))), h("div", { class: "extras-grid" }, ...extras));
      this.list = h("ol", { class: "lines" });
      this.slots = h("div", { class: "voice-slots" });
      this.dialogueHint = h("span", { class: "hint", text: this.mode === VOICED ? "Lower case; capitals for names" : "Saved voices need a frame:" });
      this.toVoiced = this.mode === VOICED ? null : button({ class: "btn quiet small" }, h("span", { text: "Use Image to video" }));
      this.slotFound = h("div", { class: "script-found" });
      this.add = button({ class: "btn quiet line-add" }, icon("plus"), h("span", { text: "Add line" }));
      this.pasteButton = button({ class: "btn quiet small" }, h("span", { text: "Paste a scene" }));
      this.ruler = h("div", { class: "ruler", "aria-hidden": "true" });
      this.fits = h("div", { class: "fits" });
      this.found = h("div", { class: "script-found" });
      this.count = h("span", { class: "hint num", id: id("count") });
      this.copyButton = button({ class: "btn quiet small" }, icon("copy"), h("span", { text: "Copy" }));
      this.handButton = button({ class: "btn quiet small", "aria-pressed": "false" }, h("span", { text: "Edit" }));
      this.reading = h("div", { class: "reads", tabindex: "0", role: "region", "aria-label": "What Kling reads" });
      this.hand = growing(h("textarea", { class: "field reads-hand", "aria-label": "What Kling reads, edited by hand", hidden: true, spellcheck: "true" }), 4, 14);
      element.replaceChildren(h("section", { class: "script", "aria-label": "Scene and dialogue" },
        h("div", { class: "script-head" }, h("label", { class: "label", for: id("scene"), text: "Scene" }), h("span", { class: "hint", id: id("scene-hint"), text: SCENE_HINT[this.mode] || "" })), this.scene, this.extras,
        h("div", { class: "script-head" }, h("h2", { class: "label", text: "Dialogue" }), this.dialogueHint, this.toVoiced, this.pasteButton), this.slots, this.slotFound, this.list, this.ruler,
        h("div", { class: "script-foot" }, this.fits, this.add), this.found,
        h("div", { class: "script-head reads-head" }, h("h2", { class: "label", text: "What Kling reads" }), this.count, this.handButton, this.copyButton), this.reading, this.hand,
        h("datalist", { id: id("deliveries") }, ...DELIVERIES.map((idea) => h("option", { value: idea })))));
      this.listen();
    }

    listen() {
      this.scene.addEventListener("input", () => this.changed());
      for (const box of Object.values(this.boxes)) box.addEventListener("input", () => this.changed());
      this.add.addEventListener("click", () => this.addRow(this.rows.length));
      this.toVoiced?.addEventListener("click", () => studio.desk.carry(this.mode, VOICED));
      this.copyButton.addEventListener("click", async () => { studio.notices?.toast?.((await copy(this.answer?.prompt ?? this.prompt)) ? "Copied" : "Copy did not work. Select the text and copy it."); });
      this.handButton.addEventListener("click", () => this.toggleHand());
      this.hand.addEventListener("input", () => this.byHand());
      this.pasteButton.addEventListener("click", () => this.openPaste());
    }

    /* --- the script as a value ------------------------------------------------------------------------------ */

    get script() {
      const boxes = Object.fromEntries(Object.entries(this.boxes).map(([key, box]) => [key, box.value]));
      return { ...this.kept, scene: this.scene.value, ...boxes, lines: this.rows.map((row) => row.line) };
    }

    /** As the server compiled it. Until its answer is there, every word that will be in it: a press is compiled anew. */
    get prompt() {
      if (this.answer && this.isAnswered) return this.answer.prompt;
      const { raw, scene, camera, lines, ambience, effects, music } = this.script;
      return raw ?? [scene, camera, ...lines.map((line) => line.text), ambience, effects, music].filter((words) => words?.trim()).join(" ");
    }

    /** Our own value comes back to us as news; drawing it again would take the focus out of a line. */
    isOwn() { return this.props.value.stamp !== undefined && this.props.value.stamp <= (this.stamp || 0); }

    /** Show a value that came from elsewhere: a kept draft, a starter, an earlier take, the server. */
    load(value, isNews = true) {
      const script = value.script || {};
      this.kept = { raw: script.raw ?? null, ...(script.layout ? { layout: script.layout } : {}) };
      this.voiceIds = [...(value.voice_ids || [])];
      this.scene.value = script.scene || "";
      for (const [key, box] of Object.entries(this.boxes)) box.value = script[key] || "";
      this.putLines(script.lines || []);
      this.scene.fit();
      this.drawVoices();
      this.setHand(this.kept.raw !== null);
      if (isNews) this.publish();
      this.ask();
    }

    /** Something was typed. What was read from a prompt keeps its order and its joining words, and a prompt that was
     *  kept as written stays so, until the person goes back to the rows. */
    changed() { this.ask(); }

    publish() {
      clearTimeout(this.publishing);
      this.publishing = null;
      this.stamp = ++serial;
      const value = { mode: this.mode, script: this.script, voice_ids: this.activeVoices(), prompt: this.prompt, stamp: this.stamp };
      this.props.value = value;
      this.fire.change();
    }

    /** Every change of the value runs through all of Gradio's fields, so it rests while keys follow one another. */
    publishSoon() {
      clearTimeout(this.publishing);
      this.publishing = setTimeout(() => this.publish(), PUBLISH_MS);
    }

    publishNow() { if (this.publishing || this.isAsking) this.publish(); }

    activeVoices() { return this.mode === VOICED ? this.trimTail(this.voiceIds) : []; }

    trimTail(ids) {
      const copyOf = [ids[0] || "", ids[1] || ""];
      while (copyOf.length && !copyOf[copyOf.length - 1]) copyOf.pop();
      return copyOf;
    }

    /* --- asking the grammar: one question at a time, the newest wins ------------------------------------------ */

    async askOnce(isNewest) {
      this.isAsking = true;
      await new Promise((resolve) => setTimeout(resolve, (this.askedAt || 0) + ASK_MS - performance.now()));
      await afterPaint();
      this.askedAt = performance.now();
      const question = { mode: this.mode, script: this.script, values: studio.desk.values(this.mode), voice_ids: this.activeVoices() };
      try {
        const answer = await studio.desk.post("/studio/script", question);
        if (isNewest()) { this.answer = answer; this.isAnswered = true; this.draw(); }
      } catch { /* the connection notice says so; the words stay in their boxes and in the draft */ }
      this.isAsking = false;
      if (isNewest()) this.publishSoon();
    }

    /* --- rows ------------------------------------------------------------------------------------------------- */

    addRow(at, line = {}) {
      const before = this.rows[at - 1]?.line;
      const other = this.rows.slice(0, at).reverse().find((row) => row.line.speaker !== before?.speaker)?.line;
      const row = new Row(this, { speaker: other?.speaker || "", slot: other?.slot ?? null, delivery: "", text: "", ...line });
      this.rows.splice(at, 0, row);
      this.drawRows();
      (row.line.speaker ? row.text : row.speaker).focus();
      this.changed();
    }

    /** Rows for these lines; the rows that are there are written over, so that the focus stays where it is. */
    putLines(lines) {
      this.rows = lines.map((line, index) => { const row = this.rows[index]; if (!row) return new Row(this, line); row.put(line); return row; });
      this.drawRows();
    }

    removeRow(row) {
      const at = this.rows.indexOf(row);
      this.rows.splice(at, 1);
      this.drawRows();
      (this.rows[Math.max(0, at - 1)]?.text || this.add).focus();
      this.changed();
    }

    dropRow(row) {
      this.rows.splice(this.rows.indexOf(row), 1);
      this.drawRows();
      this.changed();
    }

    moveRow(row, to) {
      const from = this.rows.indexOf(row);
      if (to < 0 || to >= this.rows.length || from === to) return;
      this.rows.splice(from, 1);
      this.rows.splice(to, 0, row);
      this.drawRows();
      studio.notices?.announce?.(`Line ${to + 1} of ${this.rows.length}`);
      this.changed();
    }

    drawRows() {
      // Moving a node takes the focus out of it, so only what is out of place is moved.
      for (const node of [...this.list.children]) if (!this.rows.some((row) => row.node === node)) node.remove();
      this.rows.forEach((row, index) => { if (this.list.children[index] !== row.node) this.list.insertBefore(row.node, this.list.children[index] || null); });
      show(this.list, this.rows.length > 0);
      this.add.classList.toggle("is-empty", this.rows.length === 0);
      setText(this.add.lastChild, this.rows.length ? "Add line" : "Add a line someone says");
    }

    /* --- voices ----------------------------------------------------------------------------------------------- */

    voiceNames() {
      const known = new Map((studio.voices?.list || []).map((voice) => [voice.voice_id, voice.name]));
      return [0, 1].map((slot) => (this.voiceIds[slot] ? known.get(this.voiceIds[slot]) || this.voiceIds[slot] : ""));
    }

    drawVoices() {
      show(this.slots, this.mode === VOICED);
      if (this.mode !== VOICED) return;
      const library = studio.voices?.list || [];
      this.picks = this.picks || [0, 1].map((slot) => {
        const pick = h("select", { "aria-label": `Voice ${slot + 1}`, class: "voice-pick" });
        pick.addEventListener("change", () => (pick.value === "+" ? this.typeVoice(slot, pick) : this.setVoice(slot, pick.value)));
        this.slots.append(h("div", { class: "voice-slot", data: { slot: slot + 1 } }, h("span", { class: "line-chip", text: String(slot + 1) }), pick));
        return pick;
      });
      this.picks.forEach((pick, slot) => {
        const current = this.voiceIds[slot] || "";
        const known = library.map((voice) => [voice.voice_id, voice.world === "rehearsal" ? `${voice.name} (rehearsal only)` : voice.name]);
        if (current && !known.some(([id]) => id === current)) known.push([current, current]);
        const options = [["", "No saved voice"], ...known, ["+", "Type a voice ID…"]];
        patchChildren(pick, JSON.stringify(options), () => options.map(([value, text]) => h("option", { value, text })));
        pick.value = current;
      });
      for (const row of this.rows) row.drawSlot();
    }

    typeVoice(slot, select) {
      const box = h("input", { class: "field voice-typed", placeholder: "voice ID", "aria-label": `Voice ID for voice ${slot + 1}`, maxlength: 64 });
      select.replaceWith(box);
      box.focus();
      let isDone = false;
      const done = (id) => { if (isDone) return; isDone = true; const held = document.activeElement === box; box.replaceWith(select); this.setVoice(slot, id); if (held) select.focus(); };
      box.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); done(box.value.trim()); } if (event.key === "Escape") { event.stopPropagation(); done(this.voiceIds[slot] || ""); } });
      box.addEventListener("blur", () => done(box.value.trim()));
    }

    setVoice(slot, id) {
      this.voiceIds[slot] = id;
      this.drawVoices();
      this.ask();
    }

    /* --- by hand ---------------------------------------------------------------------------------------------- */

    setHand(isHand) {
      this.isHand = isHand;
      show(this.hand, isHand);
      show(this.reading, !isHand);
      this.handButton.setAttribute("aria-pressed", String(isHand));
      setText(this.handButton.firstChild, isHand ? "Done" : "Edit");
      if (isHand) { if (document.activeElement !== this.hand) this.hand.value = this.kept.raw ?? this.answer?.prompt ?? this.prompt; this.hand.fit(); }
    }

    toggleHand() {
      this.setHand(!this.isHand);
      if (this.isHand) this.hand.focus();
      else this.draw();
    }

    /** What was typed is read back into rows where it can be; otherwise it stays as written and nothing overwrites it. */
    async readHand() {
      await afterPaint();
      const text = this.hand.value;
      const read = await studio.desk.post("/studio/script/read", { mode: this.mode, script: this.script, text }).catch(() => null);
      const script = read ? read.script : { ...this.script, raw: text };
      this.kept = { raw: script.raw ?? null, ...(script.layout ? { layout: script.layout } : {}) };
      this.scene.value = script.scene || "";
      for (const [key, box] of Object.entries(this.boxes)) box.value = script[key] || "";
      this.putLines(script.lines || []);
      this.ask();
    }

    openPaste() {
      const area = h("textarea", { class: "field", rows: 8, "aria-label": "Scene or dialogue to split into lines", placeholder: "KEEPER\n(low, tired)\nThe light goes out tonight, Mara.\n\nMara: then who brings you home?" });
      const go = button({ class: "btn strong" }, h("span", { text: "Split into lines" }));
      const sheet = studio.sheet("Paste a scene", h("p", { class: "hint", text: "A screenplay, “Name: line”, or plain prose with quotes." }), area, h("div", { class: "sheet-foot" }, go));
      go.addEventListener("click", async () => {
        const answer = await studio.desk.post("/studio/script/paste", { text: area.value, script: this.script }).catch(() => null);
        if (!answer) return;
        sheet.close();
        if (!answer.lines.length) { studio.notices?.toast?.("No spoken lines were found. The text is still yours to paste into Scene."); return; }
        this.rows.push(...answer.lines.map((line) => new Row(this, line)));
        this.drawRows();
        this.changed();
        this.rows[this.rows.length - answer.lines.length].text.focus();
      });
      area.focus();
    }

    /* --- drawing the answer: only what differs from what is drawn ---------------------------------------------- */

    draw() {
      const { answer } = this;
      if (!answer) return;
      this.drawReading(answer);
      this.drawRuler(answer.plan);
      this.drawFits(answer.plan);
      this.drawFindings(answer.findings);
      const full = BOXES.filter(([key]) => this.boxes[key].value.trim());
      setText(this.extrasNow, full.map(([key]) => this.boxes[key].value.trim()).join(" · "));
      this.saySoon(answer);
    }

    drawReading({ prompt, spans, limit }) {
      const letters = [...prompt];
      const { length } = letters;
      setText(this.count, `${length} / ${limit}`);
      this.count.className = `num hint${length > limit ? " is-over" : length > limit - 200 ? " is-near" : ""}`;
      patchChildren(this.reading, JSON.stringify([prompt, spans]), () => prompt
        ? spans.map((span) => h("span", { class: `span-${span.kind}`, data: span.slot ? { slot: span.slot } : {}, text: letters.slice(span.start, span.end).join("") }))
        : [h("span", { class: "hint", text: "Your scene and lines appear here as one prompt." })]);
    }

    drawRuler(plan) {
      for (const [index, row] of this.rows.entries()) row.drawPlan(plan.rows.find((planned) => planned.index === index));
      show(this.ruler, plan.rows.length > 0);
      const slots = this.rows.map((row) => [row.node.dataset.slot, row.line.text]);
      patchChildren(this.ruler, JSON.stringify([plan.rows, plan.duration_s, plan.total_s, slots]), () => this.rulerMarks(plan));
    }

    rulerMarks(plan) {
      const isOver = plan.spare_s < 0;
      const scale = isOver ? plan.total_s : plan.duration_s;
      const share = (value) => `${(Math.min(value, scale) / scale) * 100}%`;
      const marks = [];
      for (let second = 0; second <= Math.floor(scale); second++) {
        const isEnd = second >= scale - 0.01;
        const isNamed = isEnd || scale - second > scale * 0.06;
        marks.push(h("span", { class: `ruler-tick num${isEnd ? " is-end" : ""}`, style: { left: share(second) }, text: !isNamed ? "" : second === plan.duration_s ? `${second} s` : String(second) }));
      }
      const blocks = plan.rows.map((row) => h("span", { class: "ruler-line", data: { slot: this.rows[row.index]?.node.dataset.slot || "" }, style: { left: share(row.start_s), width: share(row.end_s - row.start_s) }, text: this.rows[row.index]?.line.text || "" }));
      const over = isOver ? [h("i", { class: "ruler-over", style: { left: share(plan.duration_s) } })] : [];
      return [...marks, ...blocks, ...over];
    }

    drawFits(plan) {
      show(this.fits, plan.rows.length > 0);
      if (!plan.rows.length) return;
      const isOver = plan.spare_s < 0;
      this.fits.className = `fits${isOver ? " is-over" : ""}`;
      const ways = plan.remedies.map((remedy) => [remedy, this.remedyLabel(remedy)]);
      patchChildren(this.fits, JSON.stringify([plan.sentence, ways]), () => [
        h("div", { class: "fits-words" }, icon(isOver ? "warning" : "check"), h("span", { class: "num", text: plan.sentence })),
        ways.length ? h("div", { class: "fits-ways" }, ...ways.map(([remedy, label]) => this.mendButton({ ...remedy, label }, this.rows[plan.rows[plan.rows.length - 1].index]))) : ""]);
    }

    /** What costs more says how much the whole take would cost. */
    remedyLabel(remedy) {
      if (!remedy.values?.duration) return remedy.label;
      const price = studio.price.quote(this.mode, { ...studio.desk.values(this.mode), ...remedy.values });
      return price ? `${remedy.label}, ${money(price.usd_micros)}` : remedy.label;
    }

    drawFindings(findings) {
      const places = new Map([[this.slotFound, []], [this.found, []], ...this.rows.map((row) => [row.found, []])]);
      for (const finding of findings) {
        if (finding.code === "too_long_to_speak") continue; // the line under the ruler says it, with its remedies
        const row = this.rows[finding.line];
        places.get(row ? row.found : finding.field === "voice_ids" && this.mode === VOICED ? this.slotFound : this.found).push([finding, row]);
      }
      for (const [place, own] of places) patchChildren(place, JSON.stringify(own.map(([finding]) => finding)), () => own.map(([finding, row]) => this.findingNode(finding, row)));
    }

    findingNode(finding, row) {
      return h("div", { class: `finding${finding.is_blocking ? " is-blocking" : ""}`, data: { code: finding.code } }, icon("warning"), h("span", { text: finding.message }), finding.fix ? this.mendButton(finding.fix, row) : null);
    }

    mendButton(fix, row) {
      const mend = button({ class: "btn small" }, h("span", { text: fix.label }));
      mend.addEventListener("click", () => this.mend(fix, row));
      return mend;
    }

    /** One click: the script, the values, or both. A value of null clears its field. */
    mend(fix, row) {
      const values = { ...(fix.values || {}) };
      if ("voice_ids" in values) { this.voiceIds = [...(values.voice_ids || [])]; delete values.voice_ids; this.drawVoices(); }
      if (fix.script) this.load({ script: fix.script, voice_ids: this.voiceIds });
      else { this.publish(); this.ask(); }
      if (Object.keys(values).length) studio.desk.put(this.mode, values);
      (row && this.rows.includes(row) ? row.text : this.rows[0]?.text || this.scene).focus({ preventScroll: true });
    }

    /** Said once the keys rest: whether the lines fit, and how much there is to check. */
    saySoon({ plan, findings }) {
      clearTimeout(this.saying);
      this.saying = setTimeout(() => {
        const count = findings.filter((finding) => finding.code !== "too_long_to_speak").length;
        const words = [plan.rows.length && plan.spare_s < 0 ? `${plan.sentence}.` : "", count ? `${count} ${count === 1 ? "thing" : "things"} to check in the dialogue.` : ""].filter(Boolean).join(" ");
        if (words && words !== this.said && this.list.offsetParent) studio.notices?.announce?.(words);
        this.said = words;
      }, SAY_MS);
    }

    /** The server refused a field of ours: said at its place until the next change. */
    complain(name, sentence) {
      const place = name === "voice_ids" && this.mode === VOICED ? this.slotFound : this.found;
      const node = h("div", { class: "finding is-blocking", role: "alert" }, icon("warning"), h("span", { text: sentence }));
      place.__signature = null;
      place.append(node);
      node.scrollIntoView({ block: "nearest" });
    }

    focus() { this.scene.focus(); }
  }

  studio.islands = studio.islands || {};
  studio.islands.script = (element, gates) => new ScriptDesk(element, gates);
})();
