/* Words that float above the page: toasts, the calm connection line, the live region, "tell me when done"; never a decision. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, keep, money, setText, show } = studio.dom;

  const TOAST_MS = 6000;
  const LOST_GRACE_MS = 2000; // a reconnect within this time is not worth a word
  const LOST = "Connection lost. Your draft is safe; jobs keep running.";

  const spoken = h("div", { class: "studio-spoken", role: "status", "aria-live": "polite", "aria-atomic": "true" });
  const toasts = h("div", { class: "studio-toasts" });
  const line = h("div", { class: "studio-line", role: "status", hidden: true });
  const wanted = new Set();
  let title = null;
  let lostTimer = 0;
  let sound = null;

  function attach() {
    if (!spoken.isConnected) document.body.append(spoken, line, toasts);
  }

  /** Say it to assistive technology, politely. The same words twice in a row are spoken twice. */
  function announce(words) {
    attach();
    spoken.textContent = spoken.textContent === words ? words + "\u00a0" : words;
  }

  /** A toast. `tone` is "plain" or "stop"; `action` is {label, run}. Errors stay until closed. */
  function toast(words, { heading = "", tone = "plain", action = null } = {}) {
    attach();
    const box = h(
      "div",
      { class: "studio-toast", role: tone === "stop" ? "alert" : "status", data: { tone } },
      tone === "stop" ? icon("warning") : null,
      h("p", {}, heading ? h("strong", { text: heading }) : null, heading ? " " : null, words),
      action ? button({ class: "studio-toast-act", text: action.label }) : null,
      button({ class: "studio-toast-close", "aria-label": "Close" }, icon("close")),
    );
    const close = () => box.remove();
    box.querySelector(".studio-toast-close").addEventListener("click", close);
    box.querySelector(".studio-toast-act")?.addEventListener("click", () => {
      close();
      action.run();
    });
    while (toasts.children.length > 2) toasts.firstChild.remove();
    toasts.append(box);
    if (tone !== "stop") setTimeout(close, TOAST_MS);
    return close;
  }

  function problem(error) {
    return toast(error.sentence || "", { heading: error.title || "That did not work", tone: "stop" });
  }

  function onConnection(state) {
    clearTimeout(lostTimer);
    if (state !== "lost") {
      show(line, false);
      return;
    }
    lostTimer = setTimeout(() => {
      attach();
      show(line, true);
      setText(line, LOST);
    }, LOST_GRACE_MS);
  }

  const cost = (card) => {
    if (card.world === "rehearsal") return "";
    if (card.charge === "billed") return `, it cost ${money(card.billed_usd_micros ?? card.estimate_usd_micros)}`;
    if (card.charge === "may_be_billed") return `, it may cost up to ${money(card.estimate_usd_micros)}`;
    return ", it cost $0.00";
  };

  /** What a change of state is called, or "" where it is not worth saying. */
  function words(card) {
    if (card.state === "kept") return `${card.label} is ready`;
    if (card.state === "failed") return `${card.label} was ${card.submitted_at ? "refused" : "not sent"}${cost(card)}`;
    if (card.state === "cancelled") return `${card.label} was cancelled${cost(card)}`;
    if (card.state === "unknown") return `${card.label}: the answer was lost, it may cost ${money(card.estimate_usd_micros)}`;
    if (card.state === "running") return card.world === "rehearsal" ? "" : `${card.label} is filming`;
    return "";
  }

  /** Two soft notes, 0.3 s. Browsers only let it sound after a press on the page, which "Tell me when done" is. */
  function ring() {
    if (!sound || sound.state !== "running") return;
    [660, 880].forEach((pitch, index) => {
      const at = sound.currentTime + index * 0.14;
      const tone = new OscillatorNode(sound, { frequency: pitch });
      const level = new GainNode(sound, { gain: 0 });
      level.gain.setValueAtTime(0, at);
      level.gain.linearRampToValueAtTime(0.06, at + 0.02);
      level.gain.exponentialRampToValueAtTime(0.0005, at + 0.16);
      tone.connect(level).connect(sound.destination);
      tone.start(at);
      tone.stop(at + 0.18);
    });
  }

  function notify(card, text) {
    if (!wanted.delete(card.id)) return;
    if (keep.get("done_sound", "on") === "on") ring();
    if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
    try {
      const note = new Notification(text, { body: card.title || "", tag: card.id, icon: card.start_thumb || undefined });
      note.onclick = () => {
        window.focus();
        studio.live.select(card.id);
        note.close();
      };
    } catch {
      /* phones only allow this from a service worker: title and sound have told already */
    }
  }

  /** Ask to be told: keeps the wish, readies the sound, asks the browser for leave to notify. */
  async function tellWhenDone(id) {
    wanted.add(id);
    try {
      sound = sound || new AudioContext();
      await sound.resume();
    } catch {
      sound = null;
    }
    if (typeof Notification !== "undefined" && Notification.permission === "default") {
      await Notification.requestPermission().catch(() => {});
    }
  }

  function badge(text) {
    if (!document.hidden) return;
    if (title === null) title = document.title;
    document.title = `● ${text}`;
  }

  function unbadge() {
    if (document.hidden || title === null) return;
    document.title = title;
    title = null;
  }

  function onTake(card, previous) {
    if (!previous || previous.state === card.state) return;
    const text = words(card);
    if (!text) return;
    announce(text);
    if (studio.live.isOpen(previous) && !studio.live.isOpen(card)) {
      badge(text);
      notify(card, text);
    }
  }

  function onLive(event) {
    if (event.type === "take") onTake(event.card, event.previous);
    else if (event.type === "connection") onConnection(event.connection);
    else if (event.type === "snapshot" && !event.isFirst) {
      for (const card of studio.live.takes.values()) onTake(card, event.previous.get(card.id));
    }
  }

  document.addEventListener("visibilitychange", unbadge);
  studio.live.subscribe(onLive);
  if (document.body) attach();
  else document.addEventListener("DOMContentLoaded", attach);

  studio.notices = { announce, toast, problem, tellWhenDone, isWanted: (id) => wanted.has(id), words };
})();
