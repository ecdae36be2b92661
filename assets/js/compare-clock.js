/* One clock for two clips: A leads, B is kept beside it, the shorter one holds its last picture; it draws nothing. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { clamp } = studio.dom;

  const FALLBACK_FPS = 24;
  const JUMP_S = 0.06; // farther apart than this, B is put where A is
  const CALM_S = 0.008; // nearer than this, nothing is corrected
  const STRONGEST = 0.12; // the most that B runs faster or slower
  const REST_MS = 500; // after a jump, until the next: a seek needs its time
  const MOST_LEAD_S = 0.5;
  const READY_MS = 4000;
  const HAVE_FUTURE_DATA = 3;

  /** `onTick(time_s)` on every painted moment, `onChange()` when it begins or stops to play or a length is known. */
  function createClock(a, b, { onTick, onChange }) {
    const videos = [a, b];
    let cards = [null, null];
    let at_s = 0;
    let isPlaying = false;
    let loop = 0;
    let jumpedAt = 0;
    let isLanding = false;
    let lead_s = 0; // how far A goes on while B seeks: learned from each landing
    const targets = new Map(); // where a clip should be while its decoder is still on its way

    const lengthOf = (video) => (Number.isFinite(video.duration) ? video.duration : cards[videos.indexOf(video)]?.duration_s || 0);
    const axis = () => Math.max(lengthOf(a), lengthOf(b));
    const fps = () => cards[0]?.fps || FALLBACK_FPS;
    const lastFrame = (video) => Math.max(0, lengthOf(video) - 1 / fps());
    const hasRunOut = (video) => video.ended || video.currentTime >= lengthOf(video) - 0.5 / fps();
    /** A, or B from where A has run out before it. */
    const leader = () => (lengthOf(b) > lengthOf(a) && hasRunOut(a) ? b : a);

    function tell() {
      onTick(at_s);
    }

    function land(video) {
      const target = targets.get(video);
      if (target === undefined || video.readyState < 1 || video.seeking) return;
      if (Math.abs(video.currentTime - target) < 0.0005) targets.delete(video);
      else video.currentTime = target;
    }

    function put(video, time_s) {
      targets.set(video, clamp(time_s, 0, lastFrame(video)));
      land(video);
    }

    function seek(time_s) {
      at_s = clamp(time_s, 0, Math.max(0, axis() - 1 / fps()));
      for (const video of videos) {
        video.playbackRate = 1;
        put(video, at_s);
      }
      jumpedAt = performance.now();
      isLanding = false;
      if (isPlaying) start();
      tell();
    }

    function setRate(rate) {
      if (Math.abs(b.playbackRate - rate) >= 0.01) b.playbackRate = rate;
    }

    /** Nudge B by a little speed; only where it is far off, put it where A is. */
    function correct() {
      if (hasRunOut(a) || hasRunOut(b) || a.seeking || b.seeking || b.readyState < HAVE_FUTURE_DATA || targets.size) return;
      const off_s = b.currentTime - a.currentTime;
      if (isLanding) lead_s = clamp(lead_s - off_s, 0, MOST_LEAD_S);
      isLanding = false;
      if (Math.abs(off_s) > JUMP_S && performance.now() - jumpedAt > REST_MS) {
        jumpedAt = performance.now();
        isLanding = true;
        setRate(1);
        put(b, a.currentTime + lead_s);
      } else setRate(Math.abs(off_s) < CALM_S ? 1 : 1 - clamp(Math.round(off_s * 100) / 50, -STRONGEST, STRONGEST));
    }

    function run() {
      loop = 0;
      if (!isPlaying) return;
      const lead = leader();
      if (!lead.seeking && !targets.has(lead)) at_s = lead.currentTime;
      correct();
      tell();
      if (videos.every(hasRunOut)) stop();
      else loop = requestAnimationFrame(run);
    }

    const isReady = (video) => !video.seeking && video.readyState >= HAVE_FUTURE_DATA;

    /** Both clips can go on from where they are, or have been waited for long enough. */
    function ready() {
      const until = performance.now() + READY_MS;
      return new Promise((resolve) => {
        const look = () => (videos.every((video) => isReady(video) || hasRunOut(video)) || performance.now() > until || !isPlaying ? resolve() : setTimeout(look, 8));
        look();
      });
    }

    /** Start both in one go; a clip that has run out would start over, so it is left alone. */
    async function start() {
      for (const video of videos) video.pause();
      await ready();
      if (!isPlaying) return;
      await Promise.allSettled(videos.filter((video) => !hasRunOut(video)).map((video) => video.play()));
      if (isPlaying && !loop) loop = requestAnimationFrame(run);
    }

    function play() {
      if (isPlaying || !axis()) return;
      isPlaying = true;
      if (at_s >= axis() - 1.5 / fps()) seek(0);
      else start();
      onChange();
    }

    function stop() {
      isPlaying = false;
      cancelAnimationFrame(loop);
      loop = 0;
      for (const video of videos) video.pause();
      b.playbackRate = 1;
      onChange();
    }

    /** Stop, and bring both to the very same moment. */
    function pause() {
      if (!isPlaying) return;
      const lead = leader();
      stop();
      seek(targets.has(lead) ? at_s : lead.currentTime);
    }

    /** Move by whole frames; lands a hair inside the frame so that rounding cannot show its neighbour. */
    function step(frames) {
      pause();
      seek((Math.floor(at_s * fps() + 0.02) + frames) / fps() + 0.001);
    }

    /** Show two clips. A source is touched only when the clip is another one. */
    function load(...next) {
      stop();
      const isOther = next.some((card, index) => card?.id !== cards[index]?.id);
      cards = next;
      videos.forEach((video, index) => {
        const url = cards[index]?.media?.video || "";
        if ((video.getAttribute("src") || "") === url) return;
        targets.delete(video);
        if (url) video.src = url;
        else {
          video.removeAttribute("src");
          video.load();
        }
      });
      if (isOther) seek(0);
    }

    for (const video of videos) {
      for (const type of ["loadedmetadata", "seeked"]) video.addEventListener(type, () => land(video));
      video.addEventListener("loadedmetadata", onChange);
    }
    // A page out of sight paints nothing, so no frame tells there that the end was reached.
    for (const video of videos) video.addEventListener("ended", () => isPlaying && videos.every(hasRunOut) && run());

    return { load, play, pause, seek, step, axis, time: () => at_s, isPlaying: () => isPlaying, toggle: () => (isPlaying ? pause() : play()) };
  }

  studio.compareParts = Object.assign(studio.compareParts || {}, { createClock });
})();
