/* One line of the dialogue: who says it, how, and the words, with its grip and its findings; asks the desk for all else. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, show, setText, setAttr, patchChildren } = studio.dom;

  const VOICED = "image-to-video";
  const SIZES_ITSELF = CSS.supports("field-sizing", "content");
  let serial = 0;

  /** A text area that grows from `least` to `most` lines with its content; measured only where the browser cannot. */
  function growing(area, least, most) {
    area.style.setProperty("--least", least);
    area.style.setProperty("--most", most);
    if (SIZES_ITSELF) { area.classList.add("is-growing"); area.fit = () => {}; return area; }
    const fit = () => {
      area.style.height = "auto";
      const line = parseFloat(getComputedStyle(area).lineHeight) || 21;
      area.style.height = `${Math.min(Math.max(area.scrollHeight, line * least + 18), line * most + 18)}px`;
    };
    area.addEventListener("input", fit);
    requestAnimationFrame(fit);
    area.fit = fit;
    return area;
  }

  // A row that folds between press and release moves the button under the pointer away, and the click is lost.
  let isPressed = false;
  addEventListener("pointerdown", () => { isPressed = true; }, true);
  for (const type of ["pointerup", "pointercancel"]) addEventListener(type, () => { isPressed = false; }, true);

  function afterPress(act) {
    if (isPressed) addEventListener("pointerup", () => setTimeout(act, 0), { once: true });
    else setTimeout(act, 0);
  }

  class Row {
    constructor(desk, line) {
      this.desk = desk;
      this.line = line;
      const id = `${desk.mode}--line-${++serial}`;
      this.speaker = h("input", { class: "line-speaker", "aria-label": "Speaker", placeholder: "Speaker", maxlength: 80, value: line.speaker || "" });
      this.slot = h("select", { class: "line-slot", "aria-label": "Voice" });
      this.chip = h("span", { class: "line-chip", "aria-hidden": "true" });
      this.delivery = h("input", { class: "line-delivery", "aria-label": "Delivery", placeholder: "how it is said", list: `${desk.mode}--deliveries`, maxlength: 120, value: line.delivery || "" });
      this.action = h("input", { class: "line-action", "aria-label": "What happens before the line", placeholder: "what happens first (optional)", maxlength: 300, value: line.action || "" });
      this.text = h("textarea", { class: "line-text", id, rows: 1, "aria-label": "Line", placeholder: "what is said", "aria-describedby": `${id}-find` });
      this.text.value = line.text || "";
      this.fits = document.createTextNode("");
      this.beyond = h("mark");
      this.echo = h("div", { class: "line-echo", "aria-hidden": "true" }, this.fits, this.beyond, "\u200b");
      this.seconds = h("span", { class: "line-seconds num" });
      this.remove = button({ class: "btn icon small quiet", "aria-label": "Remove line" }, icon("close"));
      this.grip = button({ class: "line-grip", "aria-label": "Move line: up or down arrow, or drag", title: "Drag, or Alt with up or down arrow" }, icon("grip"));
      this.found = h("div", { class: "line-found", id: `${id}-find` });
      this.node = h("li", { class: "line" },
        h("div", { class: "line-head" }, this.grip, this.speaker, h("span", { class: "line-voice" }, this.chip, this.slot), this.delivery, this.remove),
        this.action, h("div", { class: "line-body" }, h("div", { class: "line-words" }, this.echo, this.text), this.seconds), this.found);
      this.listen();
      this.drawSlot();
      this.drawEcho();
    }

    listen() {
      const bind = (input, key) => input.addEventListener("input", () => { this.edit({ [key]: input.value }); });
      bind(this.speaker, "speaker"); bind(this.delivery, "delivery"); bind(this.action, "action"); bind(this.text, "text");
      this.slot.addEventListener("change", () => { this.edit({ slot: this.slot.value ? Number(this.slot.value) : null }); this.drawSlot(); });
      this.remove.addEventListener("click", () => this.desk.removeRow(this));
      this.node.addEventListener("keydown", (event) => this.key(event));
      this.node.addEventListener("focusin", () => this.node.classList.add("is-open"));
      this.node.addEventListener("focusout", () => afterPress(() => this.left()));
      this.text.addEventListener("input", () => this.drawEcho());
      this.grip.addEventListener("pointerdown", (event) => { if (event.button === 0) this.drag(event); });
    }

    /** The row follows no pointer: a bar shows where it will land. Works the same under mouse, pen and finger. */
    drag(event) {
      event.preventDefault();
      this.grip.focus();
      const others = this.desk.rows.filter((row) => row !== this);
      const middle = (row) => { const box = row.node.getBoundingClientRect(); return box.top + box.height / 2; };
      const placeAt = (y) => others.filter((row) => middle(row) < y).length;
      let place = null;
      const mark = (at) => {
        place = at;
        this.node.classList.toggle("is-lifted", at !== null);
        others.forEach((row, index) => { row.node.classList.toggle("is-after", at === index); row.node.classList.toggle("is-before", index === others.length - 1 && at === others.length); });
      };
      const leave = new AbortController();
      const { signal } = leave;
      addEventListener("pointermove", (e) => { e.preventDefault(); mark(placeAt(e.clientY)); }, { signal });
      addEventListener("pointerup", () => { const to = place; mark(null); leave.abort(); if (to !== null) this.desk.moveRow(this, to); }, { signal });
      addEventListener("pointercancel", () => { mark(null); leave.abort(); }, { signal });
      addEventListener("keydown", (e) => { if (e.key === "Escape") { e.stopPropagation(); mark(null); leave.abort(); } }, { signal, capture: true });
    }

    key(event) {
      const isArrow = event.key === "ArrowUp" || event.key === "ArrowDown";
      if (isArrow && (event.altKey || event.target === this.grip)) {
        event.preventDefault();
        const held = document.activeElement;
        this.desk.moveRow(this, this.desk.rows.indexOf(this) + (event.key === "ArrowUp" ? -1 : 1));
        held.focus();
      } else if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.isComposing && event.target.matches("input, textarea")) {
        event.preventDefault();
        if (event.target === this.text) this.desk.addRow(this.desk.rows.indexOf(this) + 1);
        else this.text.focus();
      } else if (event.key === "Backspace" && event.target === this.text && !this.text.value && !this.line.delivery && !this.line.action) {
        event.preventDefault();
        this.desk.removeRow(this);
      }
    }

    /** Focus has settled elsewhere: fold, and vanish where nothing was written. */
    left() {
      if (this.node.contains(document.activeElement)) return;
      this.node.classList.remove("is-open");
      const { text, delivery, action } = this.line;
      if (!text && !delivery && !action && this.desk.rows.includes(this)) this.desk.dropRow(this);
    }

    /** The line as it stands now, from elsewhere; a box is written only where it differs, so that the caret stays. */
    put(line) {
      this.line = line;
      for (const [box, value] of [[this.speaker, line.speaker], [this.delivery, line.delivery], [this.action, line.action], [this.text, line.text]]) if (box.value !== (value || "")) box.value = value || "";
      this.drawSlot();
      this.drawEcho();
    }

    /** A line that was read from a prompt keeps the form it was written in; the form shows the fields as they are. */
    edit(change) {
      this.line = { ...this.line, ...change };
      this.desk.changed();
    }

    drawSlot() {
      const isVoiced = this.desk.mode === VOICED;
      const names = this.desk.voiceNames();
      const options = [["", "Any voice"], ["1", names[0] ? `1 · ${names[0]}` : "Voice 1"], ["2", names[1] ? `2 · ${names[1]}` : "Voice 2"]];
      const shown = isVoiced ? options : options.slice(0, 1);
      patchChildren(this.slot, JSON.stringify(shown), () => shown.map(([value, title]) => h("option", { value, text: title })));
      this.slot.value = this.line.slot && isVoiced ? String(this.line.slot) : "";
      this.slot.disabled = !isVoiced;
      const slot = isVoiced ? this.line.slot : null;
      setText(this.chip, slot ? String(slot) : "");
      show(this.chip, Boolean(slot));
      this.node.dataset.slot = slot || "";
    }

    drawPlan(row) {
      const spoken = row ? row.end_s - row.start_s : 0;
      setText(this.seconds, row && this.line.text ? `${spoken.toFixed(1)} s` : "");
      setAttr(this.seconds, "title", row?.pace || null);
      this.node.classList.toggle("is-over", Boolean(row && row.over_s > 0));
      this.overFrom = row?.over_from_char ?? null;
      this.drawEcho();
    }

    /** The same words behind the box: they give it its height and underline what the clip has no time for. */
    drawEcho() {
      const letters = this.overFrom === null || this.overFrom === undefined ? null : [...this.text.value];
      const [fits, beyond] = letters ? [letters.slice(0, this.overFrom).join(""), letters.slice(this.overFrom).join("")] : [this.text.value, ""];
      if (this.fits.data !== fits) this.fits.data = fits;
      setText(this.beyond, beyond);
    }
  }

  studio.scriptParts = { Row, growing };
})();
