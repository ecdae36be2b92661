/* The pictures of Compare: two clips beside each other, under a wipe or one over the other; the clock is another's. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, icon, setText, setAttr, show, clamp } = studio.dom;

  const MOVED_PX = 4; // less is a press on the picture, not a drag

  function createPane(side) {
    const video = h("video", { class: "compare-video", playsinline: true, preload: "auto", tabindex: "-1" });
    const caption = h("p", { class: "compare-caption", hidden: true });
    const tag = h("p", { class: "compare-tag", "aria-hidden": "true" });
    const root = h("div", { class: "compare-pane", data: { side } }, video, caption, tag);
    let card = null;

    function update(next) {
      card = next;
      setAttr(video, "aria-label", card ? `${side.toUpperCase()}, ${card.label.toLowerCase()}, the clip` : "No clip");
      setAttr(video, "poster", card?.media?.poster || null);
      setAttr(root, "data-world", card?.world ?? null);
      setText(tag, card ? `${side.toUpperCase()}, ${card.label.toLowerCase()}` : "");
    }

    /** An animatic has its captions drawn into every frame. */
    function setTime(time_s) {
      const line = card && card.world !== "rehearsal" ? studio.stageParts.lineAt(card, time_s) : null;
      if (line) setText(caption, line.text);
      show(caption, Boolean(line));
    }

    return { root, video, update, setTime };
  }

  /** `onPress()` for a press on the picture. */
  function createTheatre({ onPress }) {
    const panes = [createPane("a"), createPane("b")];
    const knob = h("span", { class: "compare-knob" }, icon("swap"));
    const wipe = h("div", { class: "compare-wipe", role: "slider", tabindex: "0", "aria-label": "Wipe", "aria-valuemin": "0", "aria-valuemax": "100" }, knob);
    const mix = h("input", { class: "compare-mix", type: "range", min: "0", max: "100", value: "50", "aria-label": "How much of B lies over A" });
    const root = h("div", { class: "compare-theatre", data: { view: "side" } }, ...panes.map((pane) => pane.root), wipe, mix);
    let part = 50;
    let press = null;

    function setPart(next) {
      part = clamp(next, 0, 100);
      root.style.setProperty("--wipe", `${part}%`);
      setAttr(wipe, "aria-valuenow", Math.round(part));
      setAttr(wipe, "aria-valuetext", `${Math.round(part)} % A, ${100 - Math.round(part)} % B`);
    }

    function setMix() {
      root.style.setProperty("--mix", Number(mix.value) / 100);
      setAttr(mix, "aria-valuetext", `${mix.value} % B`);
    }

    function setView(view) {
      setAttr(root, "data-view", view);
      show(wipe, view === "wipe");
      show(mix, view === "overlay");
    }

    function partAt(event) {
      const box = panes[0].root.getBoundingClientRect();
      return ((event.clientX - box.left) / box.width) * 100;
    }

    function onKey(event) {
      const by = event.shiftKey ? 10 : 2;
      const to = { ArrowLeft: part - by, ArrowDown: part - by, ArrowRight: part + by, ArrowUp: part + by, Home: 0, End: 100 }[event.key];
      if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      setPart(to);
    }

    root.addEventListener("pointerdown", (event) => {
      if (event.button > 0 || event.target === mix) return;
      press = { x: event.clientX, isDrag: Boolean(event.target.closest(".compare-wipe")) };
      if (root.dataset.view === "wipe") root.setPointerCapture(event.pointerId);
    });
    root.addEventListener("pointermove", (event) => {
      if (!press || root.dataset.view !== "wipe") return;
      press.isDrag ||= Math.abs(event.clientX - press.x) > MOVED_PX;
      if (press.isDrag) setPart(partAt(event));
    });
    root.addEventListener("pointerup", () => {
      if (press && !press.isDrag) onPress();
      press = null;
    });
    root.addEventListener("pointercancel", () => (press = null));
    wipe.addEventListener("keydown", onKey);
    mix.addEventListener("input", setMix);
    setPart(50);
    setMix();

    return {
      root, setView,
      videos: panes.map((pane) => pane.video),
      update: (cards) => panes.forEach((pane, index) => pane.update(cards[index])),
      setTime: (time_s) => panes.forEach((pane) => pane.setTime(time_s)),
    };
  }

  Object.assign(studio.compareParts, { createTheatre });
})();
