/* The kept part of a recording: two handles over its waveform, and the same ends as numbers. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, setText, show } = studio.dom;

  const LEAST_S = 5;
  const MOST_S = 30;

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

  studio.VoiceTrim = VoiceTrim;
})();
