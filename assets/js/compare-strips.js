/* Two filmstrips under one ruler, used as one slider; it draws and reports seeks, it never plays. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, setAttr, patchChildren, clamp } = studio.dom;
  const { placeTile } = studio.takeParts;

  const TILES = 12;
  const plain = (seconds) => (Math.round(seconds * 100) / 100).toFixed(2);

  function rulerMarks(axis_s) {
    const every = axis_s <= 12 ? 1 : axis_s <= 24 ? 2 : 5;
    const last = Math.floor(axis_s / every) * every;
    const marks = [];
    for (let second = 0; second <= last; second += every) {
      const edge = second === 0 ? "first" : second / axis_s > 0.97 ? "last" : "";
      marks.push(h("span", { text: second === last ? `${second} s` : String(second), data: { edge }, style: { "--x": second / axis_s } }));
    }
    return marks;
  }

  /** `onSeek(time_s)` while clicking or dragging, `onDrag(isDragging)` around it. */
  function createStrips({ onSeek, onDrag }) {
    const ruler = h("div", { class: "compare-ruler" });
    const strips = [h("div", { class: "compare-strip", data: { side: "a" } }), h("div", { class: "compare-strip", data: { side: "b" } })];
    const head = h("div", { class: "compare-playhead" }, h("i", {}));
    const track = h("div", { class: "compare-track" }, ruler, ...strips, head);
    const names = h("div", { class: "compare-names", "aria-hidden": "true" }, h("span", {}), h("b", { text: "A" }), h("b", { text: "B" }));
    const root = h("div", { class: "compare-strips", role: "slider", tabindex: "0", "aria-label": "Position in both takes", "aria-valuemin": "0" }, names, track);
    let cards = [null, null];
    let axis_s = 5;
    let said = "";
    let isDragging = false;

    /** Cells of a strip get their part of the sprite; their shape is only known once they are laid out. */
    function lay() {
      strips.forEach((strip, index) => {
        if (!cards[index]?.media?.strip) return;
        [...strip.children].forEach((cell, tile) => cell.clientWidth && placeTile(cell, cards[index], tile, cell.clientWidth / cell.clientHeight));
      });
    }

    function update(next, length_s, lengths) {
      cards = next;
      axis_s = length_s || 5;
      said = "";
      setAttr(root, "aria-valuemax", plain(axis_s));
      patchChildren(ruler, String(axis_s), () => rulerMarks(axis_s));
      strips.forEach((strip, index) => {
        const card = cards[index];
        const count = card?.strip_times_s?.length || TILES;
        strip.style.setProperty("--part", clamp((lengths[index] || axis_s) / axis_s, 0, 1));
        patchChildren(strip, `${card?.id}|${count}`, () => Array.from({ length: count }, () => h("span", {})));
      });
      lay();
    }

    function setTime(time_s) {
      track.style.setProperty("--at", clamp(time_s / axis_s, 0, 1));
      const text = `${plain(time_s)} seconds of ${plain(axis_s)}`;
      if (text === said) return;
      said = text;
      setAttr(root, "aria-valuenow", plain(time_s));
      setAttr(root, "aria-valuetext", text);
    }

    function timeAt(event) {
      const box = track.getBoundingClientRect();
      return clamp((event.clientX - box.left) / box.width, 0, 1) * axis_s;
    }

    root.addEventListener("pointerdown", (event) => {
      if (event.button > 0) return;
      isDragging = true;
      root.setPointerCapture(event.pointerId);
      onDrag(true);
      onSeek(timeAt(event));
    });
    root.addEventListener("pointermove", (event) => isDragging && onSeek(timeAt(event)));
    for (const type of ["pointerup", "pointercancel"]) {
      root.addEventListener(type, () => {
        if (!isDragging) return;
        isDragging = false;
        onDrag(false);
      });
    }
    new ResizeObserver(lay).observe(track);

    return { root, update, setTime };
  }

  Object.assign(studio.compareParts, { createStrips });
})();
