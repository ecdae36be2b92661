/* Seconds, frames, sound and lines on one time axis, used as one slider; it draws and reports seeks, it never plays. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, setText, setAttr, show, patchChildren, cssUrl, timecode, clamp } = studio.dom;

  const FRAMES = 12;
  const BARS = 144;
  const PREVIEW_W_PX = 156;
  const PREVIEW_H_PX = 88;
  const SVG = "http://www.w3.org/2000/svg";

  const plain = (seconds) => (Math.round(seconds * 100) / 100).toFixed(2);

  /** The axis of an open take is the length asked for; of a finished one, the length it has. */
  function axisOf(card) {
    const planned = (card.planned || []).reduce((end, line) => Math.max(end, line.end_s), 0);
    return card.duration_s || Math.max(Number(card.values?.duration) || 0, planned) || 5;
  }

  function rulerMarks(duration_s) {
    const every = duration_s <= 12 ? 1 : duration_s <= 24 ? 2 : 5;
    const last = Math.floor(duration_s / every) * every;
    const marks = [];
    for (let second = 0; second <= last; second += every) {
      const text = second === last ? `${second} s` : String(second);
      const edge = second === 0 ? "first" : second / duration_s > 0.97 ? "last" : "";
      marks.push(h("span", { text, data: { edge }, style: { "--x": second / duration_s } }));
    }
    return marks;
  }

  const span = (line) => `${line.start_s.toFixed(1)} to ${line.end_s.toFixed(1)} s`;

  /** Where a line was planned, dashed, behind the one that was heard. */
  function plannedMark(line, duration_s) {
    const style = { "--from": line.start_s / duration_s, "--to": Math.min(1, line.end_s / duration_s) };
    return h("i", { class: "stage-planned", data: { slot: line.slot || 0 }, style });
  }

  function lineTick(line, duration_s, planned = []) {
    const plan = planned.find((other) => other.index === line.index);
    return h("span", {
      class: "stage-tick",
      title: plan ? `Planned ${span(plan)}, heard ${span(line)}` : null,
      text: line.text,
      data: { slot: line.slot || 0, heard: line.is_heard ? "yes" : "no" },
      style: { "--from": line.start_s / duration_s, "--to": Math.min(1, line.end_s / duration_s) },
    });
  }

  /** Fold any number of peaks into `count` bars by their loudest. */
  function foldPeaks(peaks, count) {
    const bars = [];
    for (let bar = 0; bar < count; bar += 1) {
      const from = Math.floor((bar * peaks.length) / count);
      const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / count));
      let loudest = 0;
      for (let index = from; index < to; index += 1) loudest = Math.max(loudest, Math.abs(peaks[index]) || 0);
      bars.push(loudest);
    }
    return bars;
  }

  /** One path per voice, so that the theme's colours apply and nothing is drawn again when it changes. */
  function wavePaths(peaks, card, duration_s) {
    const bars = foldPeaks(peaks, BARS);
    const scale = 1 / Math.max(0.25, ...bars); // a quiet clip stays visibly quieter than a loud one
    const shapes = { 0: "", 1: "", 2: "" };
    bars.forEach((peak, index) => {
      const middle_s = ((index + 0.5) / BARS) * duration_s;
      const slot = studio.stageParts.lineAt(card, middle_s)?.slot || 0;
      const half = Math.max(1.2, peak * scale * 17);
      shapes[slot in shapes ? slot : 0] += `M${index + 0.5} ${(20 - half).toFixed(1)}v${(half * 2).toFixed(1)}`;
    });
    return Object.entries(shapes).map(([slot, d]) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", d);
      path.setAttribute("data-slot", slot);
      return path;
    });
  }

  function createWave() {
    const wave = document.createElementNS(SVG, "svg");
    wave.setAttribute("class", "stage-wave");
    wave.setAttribute("viewBox", `0 0 ${BARS} 40`);
    wave.setAttribute("preserveAspectRatio", "none");
    wave.setAttribute("aria-hidden", "true");
    return wave;
  }

  /** `onSeek(time_s)` while clicking or dragging, `onDrag(isDragging)` around it. */
  function createLanes({ onSeek, onDrag }) {
    const ruler = h("div", { class: "stage-ruler" });
    const frames = h("div", { class: "stage-frames" });
    const wave = createWave();
    const quiet = h("span", { class: "stage-quiet" });
    const sound = h("div", { class: "stage-sound" }, wave, quiet);
    const ticks = h("div", { class: "stage-ticks" });
    const hair = h("div", { class: "stage-hair", hidden: true });
    const head = h("div", { class: "stage-playhead" }, h("i", {}));
    const track = h("div", { class: "stage-track" }, ruler, frames, sound, ticks, hair, head);
    const names = h(
      "div",
      { class: "stage-names", "aria-hidden": "true" },
      ...["", "Frames", "Sound", "Lines"].map((text) => h("span", { text })),
    );
    const picture = h("div", { class: "stage-preview-picture" });
    const stamp = h("span", { class: "stage-preview-time" });
    const preview = h("div", { class: "stage-preview", "aria-hidden": "true", hidden: true }, picture, stamp);
    const slider = h("div", { class: "stage-slider" }, names, track);
    const root = h("div", { class: "stage-lanes" }, slider, preview);

    let card = null;
    let axis_s = 5;
    let mode = "sound";
    let strip = { url: "", ratio: 16 / 9, count: FRAMES };
    let peaks = null;
    let waveUrl = "";
    let isDragging = false;
    let said = "";

    const isClip = () => Boolean(card?.media?.video);

    function placeTile(cell, index, width, height) {
      const tileH = Math.max(height, width / strip.ratio);
      const tileW = tileH * strip.ratio;
      cell.style.backgroundSize = `${tileW * strip.count}px ${tileH}px`;
      cell.style.backgroundPosition = `${-(index * tileW + (tileW - width) / 2)}px ${-(tileH - height) / 2}px`;
    }

    function layFrames() {
      if (!strip.url) return;
      [...frames.children].forEach((cell, index) => {
        if (cell.clientWidth) placeTile(cell, index, cell.clientWidth, cell.clientHeight);
      });
    }

    function emptyCell(index) {
      const last = FRAMES - 1;
      const thumb = index === 0 ? card.start_thumb : index === last ? card.end_thumb : null;
      const cell = h("span", { class: "stage-frame", data: { state: thumb ? (index ? "end" : "start") : "empty" } });
      if (thumb) cell.style.backgroundImage = cssUrl(thumb);
      return cell;
    }

    function tileCell(time_s) {
      const cell = h("span", { class: "stage-frame", data: { state: "made", time: plain(time_s) } });
      cell.style.backgroundImage = cssUrl(strip.url);
      return cell;
    }

    function drawFrames() {
      const url = card.media?.strip || "";
      const times = card.strip_times_s?.length
        ? card.strip_times_s
        : Array.from({ length: FRAMES }, (_, index) => ((index + 0.5) / FRAMES) * axis_s);
      const signature = url ? `${url}|${times}` : `${card.start_thumb}|${card.end_thumb}`;
      const isNew = patchChildren(frames, signature, () => {
        strip = { url, ratio: strip.ratio, count: times.length };
        return url ? times.map(tileCell) : Array.from({ length: FRAMES }, (_, index) => emptyCell(index));
      });
      if (!isNew || !url) return;
      const sprite = new Image();
      sprite.onload = () => {
        if (strip.url !== url) return;
        strip.ratio = sprite.naturalWidth / strip.count / sprite.naturalHeight;
        layFrames();
      };
      sprite.src = url;
      layFrames();
    }

    function drawWave() {
      const isHeard = isClip() && card.has_sound !== false && mode !== "silent";
      const signature = `${waveUrl}|${Boolean(peaks)}|${isHeard}|${JSON.stringify(studio.stageParts.linesOf(card))}`;
      patchChildren(wave, signature, () => (peaks && isHeard ? wavePaths(peaks, card, axis_s) : []));
      setAttr(sound, "data-empty", isHeard ? null : "yes");
      const why = card.has_sound === false ? "No sound in this take" : "No sound in the silent cut";
      setText(quiet, isClip() && !isHeard ? why : "");
    }

    async function fetchWave() {
      const url = card.media?.waveform || "";
      if (url === waveUrl) return;
      waveUrl = url;
      peaks = null;
      if (!url) return;
      try {
        const read = await (await fetch(url)).json();
        if (waveUrl !== url) return;
        peaks = Array.isArray(read.peaks) ? read.peaks : null;
      } catch {
        peaks = null; // the lane stays flat; the clip itself is not touched by that
      }
      if (card) drawWave();
    }

    function drawTicks() {
      const lines = studio.stageParts.linesOf(card);
      show(ticks, lines.length > 0);
      show(names.children[3], lines.length > 0);
      const planned = lines.some((line) => line.is_heard) ? card?.planned || [] : [];
      patchChildren(ticks, JSON.stringify([lines, planned, axis_s]), () => [...planned.map((line) => plannedMark(line, axis_s)), ...lines.map((line) => lineTick(line, axis_s, planned))]);
    }

    function setSliderRole() {
      const isActive = isClip();
      setAttr(slider, "role", isActive ? "slider" : "img");
      setAttr(slider, "tabindex", isActive ? "0" : null);
      setAttr(slider, "aria-label", isActive ? "Position" : "Time axis of the take, no clip yet");
      setAttr(slider, "aria-valuemin", isActive ? "0" : null);
      setAttr(slider, "aria-valuemax", isActive ? plain(axis_s) : null);
      if (!isActive) for (const name of ["aria-valuenow", "aria-valuetext"]) setAttr(slider, name, null);
      show(head, isActive);
    }

    function speak(time_s) {
      const speaker = studio.stageParts.lineAt(card, time_s)?.speaker;
      const text = `${plain(time_s)} seconds of ${plain(axis_s)}${speaker ? `, ${speaker} speaking` : ""}`;
      if (text === said) return;
      said = text;
      setAttr(slider, "aria-valuenow", plain(time_s));
      setAttr(slider, "aria-valuetext", text);
    }

    function setTime(time_s) {
      if (!isClip()) return;
      track.style.setProperty("--at", clamp(time_s / axis_s, 0, 1));
      speak(time_s);
    }

    function update(next, duration_s) {
      card = next;
      axis_s = (isClip() && duration_s) || axisOf(card);
      said = "";
      setAttr(root, "data-state", isClip() ? "clip" : "plan");
      setSliderRole();
      patchChildren(ruler, String(axis_s), () => rulerMarks(axis_s));
      drawFrames();
      drawTicks();
      fetchWave();
      drawWave();
      if (!isClip()) hide();
    }

    function setMode(next) {
      mode = next;
      if (card) drawWave();
    }

    function timeAt(event) {
      const box = track.getBoundingClientRect();
      return clamp((event.clientX - box.left) / box.width, 0, 1) * axis_s;
    }

    function paintPreview(time_s) {
      if (!strip.url) {
        show(picture, false);
        return;
      }
      const times = [...frames.children].map((cell) => Number(cell.dataset.time));
      const nearest = times.reduce((best, one, i) => (Math.abs(one - time_s) < Math.abs(times[best] - time_s) ? i : best), 0);
      const height = Math.min(PREVIEW_H_PX, PREVIEW_W_PX / strip.ratio);
      const width = height * strip.ratio;
      show(picture, true);
      Object.assign(picture.style, {
        width: `${width}px`,
        height: `${height}px`,
        backgroundImage: cssUrl(strip.url),
        backgroundSize: `${width * strip.count}px ${height}px`,
        backgroundPosition: `${-nearest * width}px 0`,
      });
    }

    function hover(event) {
      const time_s = timeAt(event);
      show(preview, true);
      show(hair, true);
      paintPreview(time_s);
      setText(stamp, timecode(time_s));
      hair.style.setProperty("--x", time_s / axis_s);
      const box = track.getBoundingClientRect();
      const outer = root.getBoundingClientRect();
      const middle = box.left - outer.left + (time_s / axis_s) * box.width;
      const half = preview.offsetWidth / 2;
      preview.style.left = `${clamp(middle, half, outer.width - half)}px`;
    }

    function hide() {
      show(preview, false);
      show(hair, false);
    }

    function onDown(event) {
      if (!isClip() || event.button > 0) return;
      isDragging = true;
      slider.setPointerCapture(event.pointerId);
      onDrag(true);
      onSeek(timeAt(event));
      hover(event);
    }

    function onMove(event) {
      if (!isClip()) return;
      if (isDragging) onSeek(timeAt(event));
      if (isDragging || event.pointerType === "mouse") hover(event);
    }

    function onUp(event) {
      if (!isDragging) return;
      isDragging = false;
      onDrag(false);
      if (event.pointerType !== "mouse") hide();
    }

    slider.addEventListener("pointerdown", onDown);
    slider.addEventListener("pointermove", onMove);
    slider.addEventListener("pointerup", onUp);
    slider.addEventListener("pointercancel", onUp);
    slider.addEventListener("pointerleave", () => !isDragging && hide());
    new ResizeObserver(layFrames).observe(frames);

    return { root, slider, update, setTime, setMode };
  }

  studio.stageParts = Object.assign(studio.stageParts || {}, { createLanes, foldPeaks, axisOf });
})();
