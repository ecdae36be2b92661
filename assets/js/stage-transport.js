/* The transport row: sound mode, frame steps, play, timecode, speed, loop, full screen; it acts on the player only. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, setAttr, setIcon, timecode, keep } = studio.dom;

  /* Silent cut mutes this player and makes Download and drag-out give the file without an audio track. The player keeps
     its source: both files hold the same pictures, so a reload would cost the position and show nothing different. */
  const MODES = [
    { id: "sound", label: "Sound", icon: "sound" },
    { id: "muted", label: "Muted", icon: "muted" },
    { id: "silent", label: "Silent cut", icon: "silent" },
  ];

  function modeRadio(mode) {
    return h(
      "label",
      { class: "stage-mode" },
      h("input", { type: "radio", name: "studio-sound-mode", value: mode.id }),
      icon(mode.icon),
      h("span", { text: mode.label }),
    );
  }

  function speedSelect() {
    const options = studio.stageParts.SPEEDS.map((rate) => h("option", { value: String(rate), text: `${rate}×` }));
    return h("select", { class: "stage-speed", "aria-label": "Speed" }, ...options);
  }

  const iconButton = (act, name, label) => button({ class: "stage-icon", "aria-label": label, data: { act } }, icon(name));

  /** `onMode(mode)` after every change of the sound mode. */
  function createTransport({ player, onMode, onFull }) {
    const modes = h("div", { class: "stage-modes", role: "radiogroup", "aria-label": "Sound" }, ...MODES.map(modeRadio));
    const back = iconButton("back", "back", "One frame back");
    const play = button({ class: "stage-play", "aria-label": "Play", data: { act: "play" } }, icon("play"));
    const forward = iconButton("forward", "forward", "One frame forward");
    const at = h("span", { class: "stage-at" });
    const total = h("span", { class: "stage-total" });
    const code = h("span", { class: "stage-timecode" }, at, total);
    const cycler = iconButton("cycle", "sound", "Sound");
    const speed = speedSelect();
    const loop = iconButton("loop", "loop", "Loop");
    const full = iconButton("full", "full", "Full screen");
    const root = h(
      "div",
      { class: "stage-transport", role: "group", "aria-label": "Playback" },
      modes, back, play, forward, code, cycler, h("span", { class: "stage-gap" }), speed, loop, full,
    );
    let mode = keep.get("sound_mode", "sound");
    if (!MODES.some((one) => one.id === mode)) mode = "sound";
    let hasSound = true;

    const effective = () => (hasSound ? mode : "silent");

    function applyMode() {
      const now = effective();
      player.video.muted = now !== "sound";
      for (const input of modes.querySelectorAll("input")) {
        input.checked = input.value === now;
        input.disabled = !hasSound && input.value !== "silent";
      }
      const shown = MODES.find((one) => one.id === now);
      setIcon(cycler, shown.icon);
      setAttr(cycler, "aria-label", `Sound mode: ${shown.label}`);
      cycler.disabled = !hasSound;
      onMode(now);
    }

    function setMode(next) {
      mode = next;
      keep.set("sound_mode", mode);
      applyMode();
    }

    function cycle() {
      if (!hasSound) return;
      const index = MODES.findIndex((one) => one.id === mode);
      setMode(MODES[(index + 1) % MODES.length].id);
      studio.notices.announce(MODES.find((one) => one.id === mode).label);
    }

    function refresh() {
      setIcon(play, player.isPlaying() ? "pause" : "play");
      setAttr(play, "aria-label", player.isPlaying() ? "Pause" : "Play");
      setAttr(loop, "aria-pressed", String(player.video.loop));
      speed.value = String(player.video.playbackRate);
      setText(total, ` / ${timecode(player.duration())}`);
    }

    function update(card) {
      hasSound = card.has_sound !== false;
      applyMode();
      refresh();
    }

    const acts = {
      back: () => player.step(-1),
      forward: () => player.step(1),
      play: player.toggle,
      cycle,
      loop: () => player.setLoop(!player.video.loop),
      full: onFull,
    };

    root.addEventListener("click", (event) => acts[event.target.closest("[data-act]")?.dataset.act]?.());
    modes.addEventListener("change", (event) => setMode(event.target.value));
    speed.addEventListener("change", () => player.setSpeed(Number(speed.value)));

    return { root, update, refresh, cycle, mode: effective, setTime: (time_s) => setText(at, timecode(time_s)) };
  }

  studio.stageParts = Object.assign(studio.stageParts || {}, { createTransport });
})();
