/* The one <video> of the Stage with its caption: plays, seeks to the frame, never reloads for a card update. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, setText, setAttr, show, clamp, isCalm, keep } = studio.dom;

  const SPEEDS = [0.5, 1, 1.5, 2];
  const FALLBACK_FPS = 24;

  /** Lines to show over the picture and in the lanes: what was heard, or else what was planned. */
  function linesOf(card) {
    return card?.lines?.length ? card.lines : card?.planned || [];
  }

  function lineAt(card, time_s) {
    return linesOf(card).find((line) => time_s >= line.start_s && time_s < line.end_s) || null;
  }

  /** `onTick(time_s)` on every painted moment, `onChange()` when playing, speed or loop changed. */
  function createPlayer({ onTick, onChange }) {
    const video = h("video", { class: "stage-video", playsinline: true, preload: "metadata", tabindex: "-1" });
    const speaker = h("b", { class: "stage-caption-speaker" });
    const words = h("span", {});
    const caption = h("p", { class: "stage-caption", hidden: true }, speaker, words);
    const trouble = h("p", { class: "stage-trouble", role: "status", hidden: true });
    const root = h("div", { class: "stage-player" }, video, caption, trouble);

    let card = null;
    let source = "";
    let target = null; // where the person asked to be while the decoder is still on its way there
    let loop = 0;
    let isCaptioned = keep.get("captions", "on") === "on";
    video.loop = keep.get("loop", isCalm() ? "off" : "on") === "on";

    const fps = () => card?.fps || FALLBACK_FPS;
    const duration = () => (Number.isFinite(video.duration) && source ? video.duration : card?.duration_s || 0);
    const time = () => target ?? video.currentTime;

    /** A rehearsal has its captions and its mark drawn into every frame: here they are only for reading aloud. */
    const isDrawnIn = () => card?.world === "rehearsal";

    function showCaption(at) {
      const line = isCaptioned || isDrawnIn() ? lineAt(card, at) : null;
      if (line) {
        setText(speaker, line.speaker || "");
        setText(words, line.text);
        setAttr(caption, "data-slot", line.slot || 0);
        setAttr(caption, "data-drawn", isDrawnIn() ? "in" : null);
      }
      show(caption, Boolean(line));
    }

    function paint() {
      showCaption(time());
      onTick(time());
    }

    function run() {
      paint();
      loop = video.paused ? 0 : requestAnimationFrame(run);
    }

    function land() {
      if (target === null || video.readyState < 1 || video.seeking) return;
      if (Math.abs(video.currentTime - target) < 0.0005) target = null;
      else video.currentTime = target;
      paint();
    }

    function seek(time_s) {
      target = clamp(time_s, 0, Math.max(0, duration() - 1 / fps()));
      paint();
      land();
    }

    /** Move by whole frames; lands a hair inside the frame so that rounding cannot show its neighbour. */
    function step(frames) {
      video.pause();
      seek((Math.floor(time() * fps() + 0.02) + frames) / fps() + 0.001);
    }

    async function play() {
      if (!source) return;
      if (!video.loop && time() >= duration() - 1.5 / fps()) seek(0);
      try {
        await video.play();
      } catch (error) {
        if (error.name !== "AbortError") onChange(); // not allowed or not playable: the button tells
      }
    }

    const pause = () => video.pause();
    const toggle = () => (video.paused ? play() : pause());

    function setSpeed(rate) {
      video.playbackRate = rate;
      video.defaultPlaybackRate = rate;
      onChange();
    }

    function shuttle(direction) {
      if (video.paused) return direction > 0 ? play() : undefined;
      const next = SPEEDS[clamp(SPEEDS.indexOf(video.playbackRate) + direction, 0, SPEEDS.length - 1)];
      return setSpeed(next);
    }

    function setLoop(isOn) {
      video.loop = isOn;
      keep.set("loop", isOn ? "on" : "off");
      onChange();
    }

    function setCaptions(isOn) {
      isCaptioned = isOn;
      keep.set("captions", isOn ? "on" : "off");
      paint();
    }

    /** Show a card. The source is touched only when the clip is another one. */
    function load(next) {
      card = next;
      const wanted = card?.media?.video || "";
      setAttr(video, "aria-label", card ? `${card.label}, the clip` : "No clip");
      if (wanted === source) return;
      source = wanted;
      target = null;
      video.pause();
      show(trouble, false);
      setAttr(video, "poster", card?.media?.poster || null);
      if (wanted) video.src = wanted;
      else {
        video.removeAttribute("src");
        video.load();
      }
      paint();
    }

    function onError() {
      if (!source) return;
      setText(trouble, "This browser cannot play the clip. Download it to watch it elsewhere.");
      show(trouble, true);
    }

    video.addEventListener("play", () => {
      if (!loop) loop = requestAnimationFrame(run);
      onChange();
    });
    for (const type of ["pause", "ended", "loadedmetadata", "ratechange"]) video.addEventListener(type, onChange);
    for (const type of ["loadedmetadata", "seeked"]) video.addEventListener(type, land);
    for (const type of ["timeupdate", "loadeddata", "seeked"]) video.addEventListener(type, paint);
    video.addEventListener("error", onError);
    video.addEventListener("click", toggle);

    return {
      root, video, load, play, pause, toggle, seek, step, shuttle, time, duration, setSpeed, setLoop, setCaptions, paint,
      isPlaying: () => !video.paused,
      isCaptioned: () => isCaptioned,
      frameTime: () => Math.round(time() * 1000) / 1000,
    };
  }

  studio.stageParts = Object.assign(studio.stageParts || {}, { createPlayer, linesOf, lineAt, SPEEDS });
})();
