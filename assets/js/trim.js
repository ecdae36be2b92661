/* The trim bar of a movement clip: what is kept is what is paid for. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, setText, show, clamp } = studio.dom;
  const LEAST_S = 3;
  const seconds = (value) => `${value.toFixed(1)} s`;

  class Trim {
    constructor(wells) {
      this.wells = wells;
      this.readout = h("span", { class: "hint num" });
      this.shade = [h("i", { class: "trim-shade" }), h("i", { class: "trim-shade" })];
      this.kept = h("div", { class: "trim-kept" });
      this.over = h("i", { class: "trim-over" });
      this.handles = ["start", "end"].map((edge) => h("div", { class: `trim-handle is-${edge}`, role: "slider", tabindex: "0", "aria-label": edge === "start" ? "Start of the kept part" : "End of the kept part", data: { edge } }));
      this.track = h("div", { class: "trim-track" }, ...this.shade, this.over, this.kept, ...this.handles);
      this.advice = h("p", { class: "caution", role: "status" });
      this.fix = studio.dom.button({ class: "btn small" });
      this.ends = h("div", { class: "trim-ends hint num" }, h("span", { text: "0" }), h("span"));
      this.node = h("div", { class: "trim" },
        h("div", { class: "trim-head" }, h("span", {}, h("span", { class: "label", text: "Trim " }), h("span", { class: "hint", text: "You pay for what you keep" })), this.readout),
        this.track, this.ends, h("div", { class: "trim-advice" }, this.advice, this.fix));
      this.track.addEventListener("pointerdown", (event) => this.grab(event));
      this.track.addEventListener("keydown", (event) => this.key(event));
      this.fix.addEventListener("click", () => this.toCap());
    }

    get cap() { return studio.boot.clip_caps[studio.desk.value(this.wells.mode, "character_orientation")] || studio.boot.clip_caps.image; }

    draw(file) {
      this.file = file;
      show(this.node, Boolean(file));
      if (!file) return;
      const total = file.duration_s;
      const [start, end] = [file.start_s ?? 0, file.end_s ?? total];
      const share = (value) => `${(value / total) * 100}%`;
      this.track.style.backgroundImage = file.strip ? `url("${file.strip}")` : "";
      this.shade[0].style.cssText = `left:0;width:${share(start)}`;
      this.shade[1].style.cssText = `left:${share(end)};right:0`;
      this.kept.style.cssText = `left:${share(start)};width:${share(end - start)}`;
      const limit = start + this.cap;
      this.over.style.cssText = end > limit + 0.001 ? `left:${share(limit)};width:${share(end - limit)}` : "display:none";
      for (const [handle, value] of [[this.handles[0], start], [this.handles[1], end]]) {
        handle.style.left = share(value);
        handle.setAttribute("aria-valuemin", "0");
        handle.setAttribute("aria-valuemax", total.toFixed(1));
        handle.setAttribute("aria-valuenow", value.toFixed(1));
        handle.setAttribute("aria-valuetext", `${value.toFixed(1)} seconds`);
      }
      setText(this.readout, `${seconds(start)} to ${seconds(end)}, keeps ${seconds(end - start)}`);
      setText(this.ends.lastChild, seconds(total));
      this.advise(start, end);
    }

    advise(start, end) {
      const kept = end - start;
      const excess = kept - this.cap;
      const isLong = excess > 0.001;
      setText(this.advice, isLong ? `Trim ${seconds(excess)} or choose The clip.` : kept < LEAST_S - 0.001 ? `Keep at least ${LEAST_S} s.` : "");
      show(this.fix, isLong);
      setText(this.fix, `Trim to ${this.cap} s`);
    }

    problem() {
      if (!this.file) return "";
      const kept = (this.file.end_s ?? this.file.duration_s) - (this.file.start_s ?? 0);
      if (kept > this.cap + 0.001) return `Trim to ${this.cap} s first`;
      return kept < LEAST_S - 0.001 ? `Keep at least ${LEAST_S} s` : "";
    }

    toCap() {
      const start = this.file.start_s ?? 0;
      this.put(start, Math.min(start + this.cap, this.file.duration_s));
    }

    put(start, end, isFinal = true) {
      const total = this.file.duration_s;
      const round = (value) => Math.round(value * 10) / 10;
      const from = clamp(round(start), 0, Math.max(0, total - 0.1));
      const until = end >= total - 0.05 ? total : clamp(round(end), from + 0.1, total);
      const file = { ...this.file, start_s: from, end_s: until };
      if (isFinal) this.wells.set("video_url", file);
      else this.draw(file);
    }

    grab(event) {
      if (!this.file) return;
      const box = this.track.getBoundingClientRect();
      const at = (x) => clamp((x - box.left) / box.width, 0, 1) * this.file.duration_s;
      const [start, end] = [this.file.start_s ?? 0, this.file.end_s ?? this.file.duration_s];
      const edge = event.target.dataset.edge || (Math.abs(at(event.clientX) - start) < Math.abs(at(event.clientX) - end) ? "start" : "end");
      const handle = this.handles[edge === "start" ? 0 : 1];
      event.preventDefault();
      handle.focus();
      this.track.setPointerCapture(event.pointerId);
      const move = (e, isFinal) => (edge === "start" ? this.put(Math.min(at(e.clientX), end - 0.1), end, isFinal) : this.put(start, at(e.clientX), isFinal));
      const drag = (e) => { move(e, false); studio.desk.trimmed(this.wells.mode, this.file); };
      const drop = (e) => { this.track.removeEventListener("pointermove", drag); this.track.removeEventListener("pointerup", drop); move(e, true); };
      this.track.addEventListener("pointermove", drag);
      this.track.addEventListener("pointerup", drop);
    }

    key(event) {
      const edge = event.target.dataset.edge;
      const step = { ArrowLeft: -0.1, ArrowRight: 0.1, ArrowDown: -0.1, ArrowUp: 0.1 }[event.key];
      if (!edge || !this.file || (!step && !["Home", "End"].includes(event.key))) return;
      event.preventDefault();
      const [start, end] = [this.file.start_s ?? 0, this.file.end_s ?? this.file.duration_s];
      const by = (step || 0) * (event.shiftKey ? 10 : 1);
      if (edge === "start") this.put(event.key === "Home" ? 0 : event.key === "End" ? end - 0.1 : start + by, end);
      else this.put(start, event.key === "Home" ? start + 0.1 : event.key === "End" ? this.file.duration_s : end + by);
    }
  }

  studio.trim = { mount: (wells) => new Trim(wells) };
})();
