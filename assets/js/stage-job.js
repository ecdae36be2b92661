/* The job card over the dimmed start frame: what a take is doing, what it costs and what can be done; it sends nothing. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, setText, setAttr, setIcon, show, patchChildren } = studio.dom;
  const { money, clock, megabytes, timeOfDay, moment } = studio.dom;

  const USUAL = { half_s: 75, ninety_s: 180 };
  const SAMPLES_NEEDED = 5;
  const CONFIRM_MS = 4000;
  const BILLING_PAGE = "https://fal.ai/dashboard/billing";

  const isRehearsal = (card) => card.world === "rehearsal";
  const can = (card, action) => (card.actions || []).includes(action);
  const strong = (text) => ({ strong: text });

  /** Seconds since an ISO moment, by the server's clock. */
  function since(iso) {
    const at = moment(iso);
    return at ? Math.max(0, (studio.live.now() - at.getTime()) / 1000) : 0;
  }

  const elapsed = (card) => since(card.started_at || card.submitted_at || card.created_at);

  /** The amount and the word for it: what a take has done to the money so far. */
  function moneyTag(card) {
    if (isRehearsal(card)) return { text: "Rehearsal, free", tone: "free" };
    if (card.state === "failed" && card.submitted_at) return { text: card.label, tone: "stop" };
    if (card.charge === "billed") return { text: `${money(card.billed_usd_micros ?? card.estimate_usd_micros)} billed` };
    if (card.charge === "may_be_billed") return { text: `${money(card.estimate_usd_micros)} may be billed` };
    if (card.charge === "held") return { text: `${money(card.held_usd_micros || card.estimate_usd_micros)} held` };
    return { text: "$0.00" };
  }

  function costSentence(card) {
    if (isRehearsal(card)) return ["A rehearsal is never paid."];
    if (card.charge === "billed") return ["It cost ", strong(money(card.billed_usd_micros ?? card.estimate_usd_micros)), "."];
    if (card.charge === "may_be_billed" || card.charge === "held") {
      return ["It may cost up to ", strong(money(card.estimate_usd_micros)), "; the bill will tell."];
    }
    return ["It cost ", strong("$0.00"), "."];
  }

  const TELLS_MONEY = /\$\d|charged|billed|cost|paid/i;

  /** The reason's own sentence, and what it cost where that sentence does not say so. */
  function reasonBody(card) {
    const said = card.reason?.sentence || "The answer gave no reason.";
    const steps = (card.reason?.steps || []).join(" ");
    const words = steps && !said.includes(steps) ? ` ${steps}` : "";
    return TELLS_MONEY.test(said) ? [said, words] : [said, " ", ...costSentence(card), words];
  }

  /** "5 s takes with voices": the kind of take whose times are compared. */
  function kindOf(card) {
    const values = card.values || {};
    const length = values.duration ? `${values.duration} s ` : "";
    if (values.voice_ids?.length) return `${length}takes with voices`;
    return `${length}takes${values.generate_audio === false ? " without sound" : ""}`;
  }

  function usualTime(card) {
    const { half_s, ninety_s, samples } = card.expected || {};
    if (!half_s || !ninety_s || (samples ?? 0) < SAMPLES_NEEDED) return "Usually one to three minutes.";
    return `Half of your ${kindOf(card)} were done by ${clock(half_s)}, nine in ten by ${clock(ninety_s)}.`;
  }

  function timeProgress(card) {
    const half_s = card.expected?.half_s || USUAL.half_s;
    const ninety_s = card.expected?.ninety_s || USUAL.ninety_s;
    const seconds = elapsed(card);
    return { value: Math.min(1, seconds / ninety_s), mark: half_s / ninety_s, text: `${clock(seconds)} of usually ${clock(ninety_s)}` };
  }

  const TELL = { id: "tell", label: "Tell me when done" };
  const EDIT = { id: "edit", label: "Edit draft", tone: "main" };
  const price = (card) => money(card.estimate_usd_micros);

  function optional(card, action, item) {
    return can(card, action) ? [{ id: action, ...item }] : [];
  }

  /** Only while fal gives no word of the take: it may be made and billed all the same, so that is said on the button. */
  const letGo = (card) => optional(card, "stop_asking", { label: "Stop asking, may still bill" });

  function sendAgain(card, label) {
    if (!can(card, "send_again")) return [];
    if (isRehearsal(card)) return [{ id: "send_again", label: "Rehearse again, free" }];
    return [{ id: "send_again", label: `${label} · ${price(card)}`, tone: "paid", confirm: `Press again to spend ${price(card)}` }];
  }

  function waiting(card) {
    const ahead = (card.studio_place ?? 1) - 1;
    return {
      title: ahead > 0 ? `Waiting in the studio, ${ahead} ahead` : "Waiting in the studio, next to go",
      body: ["It is sent by itself as soon as a place is free. Until then, dropping it costs nothing."],
      buttons: [...optional(card, "drop", { label: "Drop it, free" }), ...(ahead > 0 ? optional(card, "reorder", { label: "Send it next" }) : []), ...optional(card, "cancel", { label: "Cancel" }), TELL],
    };
  }

  function submitting(card) {
    return { title: `Sending ${price(card)}`, body: ["One request is on its way to fal.ai."], buttons: [] };
  }

  /** A passing trouble on the way to fal, in its own words; the take goes on there. */
  function trouble(card) {
    return card.reason && card.reason.code !== "too_late" ? card.reason : null;
  }

  function queued(card) {
    const ahead = card.queue_position;
    const place = ahead === 0 ? ", next in line" : ahead > 0 ? `, ${ahead} ahead of you` : "";
    const sent = card.submitted_at ? `Sent at ${timeOfDay(card.submitted_at)}. ` : "";
    return {
      title: trouble(card)?.title || `Queued${place}`,
      mark: trouble(card) ? "warning" : null,
      body: [trouble(card)?.sentence || `${sent}You can close this tab: the take is kept and arrives in Takes.`],
      buttons: [...optional(card, "cancel", { label: "Cancel before it starts" }), TELL, ...letGo(card)],
    };
  }

  function running(card) {
    const isLate = elapsed(card) > (card.expected?.ninety_s || USUAL.ninety_s);
    const close = " You can close this tab or write the next take.";
    return {
      title: "Filming",
      clock: clock(elapsed(card)) + (isLate ? ", longer than usual" : ""),
      mark: trouble(card) ? "warning" : null,
      body: [trouble(card)?.sentence || (isLate ? "Still running at fal.ai. Nothing is lost by waiting." : usualTime(card) + close)],
      progress: timeProgress(card),
      buttons: [{ ...TELL, tone: "main" }, ...optional(card, "cancel", { label: "Try to stop, may still bill" }), ...letGo(card)],
    };
  }

  function stopping(card) {
    const isTooLate = card.reason?.code === "too_late";
    const late = ["Filming had already begun, so this take will finish and bill ", strong(price(card)), ". It is kept for you."];
    const asked = ["fal.ai was asked to stop. The take may still finish and bill ", strong(price(card)), "; if it does, it is kept for you."];
    return {
      title: isTooLate ? "Too late to stop" : "Asked to stop",
      body: isTooLate ? late : asked,
      progress: timeProgress(card),
      buttons: [{ id: "keep_watching", label: "Keep watching", tone: "main" }, ...letGo(card)],
    };
  }

  function saving(card) {
    const { bytes_done: done, bytes_total: total } = card.progress || {};
    const sizes = total ? `${megabytes(done || 0)} of ${megabytes(total)} MB. ` : "";
    const said = card.reason?.sentence;
    const paid = isRehearsal(card) ? "The clip is made." : "The clip is made and paid for; if the line drops we fetch it again.";
    return {
      title: card.reason?.title || "Saving your take",
      mark: card.reason ? "warning" : null,
      body: [said || sizes + paid],
      progress: { value: total ? (done || 0) / total : card.progress?.fraction || 0, text: sizes || "Saving" },
      buttons: optional(card, "save_again", { label: "Save again", tone: "main" }),
    };
  }

  function rehearsing(card) {
    const { frames_done: done, frames_total: total, fraction } = card.progress || {};
    const frame = total ? `Frame ${done || 0} of ${total}. ` : "";
    return {
      title: "Drawing the rehearsal",
      body: [`${frame}Nothing leaves this computer.`],
      progress: { value: fraction ?? (total ? (done || 0) / total : 0), tone: "free", text: frame || "Drawing" },
      buttons: optional(card, can(card, "cancel") ? "cancel" : "drop", { label: "Stop" }),
    };
  }

  const LOCKED = new Set(["locked", "balance_empty", "exhausted_balance", "account_locked"]);
  const OVER_LIMIT = new Set(["over_day", "over_session", "over_take", "budget", "over_limit"]);

  function failedButtons(card) {
    const code = card.reason?.code || "";
    const detail = card.reason?.detail ? [{ id: "detail", label: "Show full answer" }] : [];
    if (LOCKED.has(code)) {
      return [{ id: "billing", label: "Open fal.ai billing", tone: "main", href: BILLING_PAGE }, { id: "rehearse", label: "Rehearse, free" }, ...detail];
    }
    if (OVER_LIMIT.has(code)) return [EDIT, { id: "limits", label: "Change limits" }];
    const save = optional(card, "save_again", { label: "Save again", tone: "main" });
    return [...save, save.length ? { ...EDIT, tone: "" } : EDIT, ...detail, ...sendAgain(card, "Send again")];
  }

  function failed(card) {
    return {
      mark: LOCKED.has(card.reason?.code) ? "key" : "warning",
      title: card.reason?.title || "The take failed",
      body: reasonBody(card),
      buttons: failedButtons(card),
    };
  }

  function unknown(card) {
    const left = card.submitted_at || card.created_at;
    return {
      mark: "question",
      title: "We lost the answer",
      body: [`The request left at ${timeOfDay(left)} but no reply came back. It may be running and may cost `, strong(price(card)), ". Nothing was sent again."],
      buttons: [
        ...optional(card, "look", { label: "Look for it", tone: "main" }),
        ...optional(card, "never_arrived", { label: "It never arrived" }),
        ...sendAgain(card, "Send a new one"),
      ],
    };
  }

  function cancelled(card) {
    const wasSent = Boolean(card.submitted_at) && !isRehearsal(card);
    return {
      title: wasSent ? card.reason?.title || "Cancelled before it started" : isRehearsal(card) ? "Rehearsal stopped" : "Dropped before it was sent",
      body: [card.reason?.sentence ? card.reason.sentence + " " : "", ...costSentence(card)],
      buttons: [EDIT, ...optional(card, "save_again", { label: "Save again" }), ...sendAgain(card, "Send again")],
    };
  }

  function missing(card) {
    return {
      mark: "warning",
      title: card.reason?.title || "The clip is not on this disk",
      body: [card.reason?.sentence || "The take was made, but its file is missing here."],
      buttons: optional(card, "save_again", { label: "Save again", tone: "main" }),
    };
  }

  const WORDS = { drafted: waiting, reserved: waiting, waiting, submitting, queued, running, fetching: saving, failed, cancelled, unknown, kept: missing };

  /** Everything the card says, as data: tag, mark, title, clock, body, progress, buttons. */
  function describe(card, { isWatching = false } = {}) {
    const isOpen = studio.live.isOpen(card);
    let words = WORDS[card.state] || waiting;
    if (isOpen && isRehearsal(card) && card.state !== "fetching") words = rehearsing;
    else if (card.is_cancel_requested && !isWatching && card.state === "running") words = stopping;
    return { tag: moneyTag(card), ...words(card) };
  }

  function bodyNodes(parts) {
    return parts.filter(Boolean).map((part) => (part.strong ? h("b", { text: part.strong }) : part));
  }

  /** `onPress(id, card)` for every button; a spending button only after its second press within 4 s. */
  function createJob({ onPress }) {
    const frame = h("img", { class: "stage-job-frame", alt: "" });
    const tag = h("span", { class: "stage-tag stage-job-tag" });
    const mark = h("span", { class: "stage-job-mark" });
    const title = h("span", {});
    const time = h("span", { class: "stage-job-clock" });
    const body = h("p", { class: "stage-job-body" });
    const fill = h("i", {});
    const half = h("u", {});
    const bar = h("div", { class: "stage-bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, fill, half);
    const buttons = h("div", { class: "stage-job-buttons" });
    const root = h(
      "div",
      { class: "stage-job", hidden: true },
      frame,
      tag,
      h("div", { class: "stage-job-text" }, h("h3", { class: "stage-job-title" }, mark, title, time), body, bar, buttons),
    );
    const watching = new Set();
    let card = null;
    let armed = { id: "", until: 0, timer: 0 };

    function drawBar(progress) {
      show(bar, Boolean(progress));
      if (!progress) return;
      const percent = Math.round(Math.min(1, Math.max(0, progress.value)) * 100);
      fill.style.setProperty("--done", String(Math.min(1, Math.max(0, progress.value))));
      setAttr(bar, "data-tone", progress.tone || "plain");
      setAttr(bar, "aria-valuenow", percent);
      setAttr(bar, "aria-valuetext", progress.text.trim());
      setAttr(bar, "aria-label", "Progress");
      show(half, Boolean(progress.mark));
      if (progress.mark) half.style.setProperty("--x", progress.mark);
    }

    function makeButton(item) {
      if (!item.href) return button({ class: "stage-job-button", data: { job: item.id } });
      return h("a", { class: "stage-job-button", href: item.href, target: "_blank", rel: "noopener noreferrer", data: { job: item.id } });
    }

    /** Buttons are kept by id, so a label that changes every second never takes the focus away. */
    function drawButtons(items) {
      const old = new Map([...buttons.children].map((node) => [node.dataset.job, node]));
      const wanted = items.map((item) => {
        const node = old.get(item.id) || makeButton(item);
        const isArmed = armed.id === item.id && Date.now() < armed.until;
        setText(node, isArmed ? item.confirm : item.label);
        setAttr(node, "data-tone", item.tone || "side");
        if (item.id === "tell") setAttr(node, "aria-pressed", String(studio.notices.isWanted(card.id)));
        return node;
      });
      if (wanted.length !== buttons.children.length || wanted.some((node, index) => node !== buttons.children[index])) {
        buttons.replaceChildren(...wanted);
      }
      show(buttons, items.length > 0);
    }

    function draw() {
      const words = describe(card, { isWatching: watching.has(card.id) });
      setText(tag, words.tag.text);
      setAttr(tag, "data-tone", words.tag.tone || "plain");
      setAttr(frame, "src", card.start_thumb || card.media?.poster || null);
      show(frame, Boolean(card.start_thumb || card.media?.poster));
      show(mark, Boolean(words.mark));
      if (words.mark) setIcon(mark, words.mark);
      setText(title, words.title);
      setText(time, words.clock || "");
      show(time, Boolean(words.clock));
      patchChildren(body, JSON.stringify(words.body), () => bodyNodes(words.body));
      drawBar(words.progress);
      drawButtons(words.buttons);
    }

    function update(next) {
      if (card && next && card.id !== next.id) armed = { id: "", until: 0, timer: 0 };
      card = next;
      show(root, Boolean(card));
      if (card) draw();
    }

    function arm(id) {
      clearTimeout(armed.timer);
      armed = { id, until: Date.now() + CONFIRM_MS, timer: setTimeout(() => card && draw(), CONFIRM_MS + 20) };
      draw();
    }

    function press(id) {
      const item = describe(card, { isWatching: watching.has(card.id) }).buttons.find((one) => one.id === id);
      if (!item || item.href) return;
      if (item.confirm && !(armed.id === id && Date.now() < armed.until)) {
        arm(id);
        studio.notices.announce(item.confirm);
        return;
      }
      armed = { id: "", until: 0, timer: 0 };
      if (id === "keep_watching") watching.add(card.id);
      onPress(id, card);
      draw();
    }

    root.addEventListener("click", (event) => {
      const node = event.target.closest("[data-job]");
      if (node && card && node.getAttribute("aria-busy") !== "true") press(node.dataset.job);
    });

    /** Lock one button while its request is under way. */
    function setBusy(id, isBusy) {
      const node = buttons.querySelector(`[data-job="${id}"]`);
      if (node) setAttr(node, "aria-busy", isBusy ? "true" : null);
    }

    return { root, update, setBusy, tick: () => card && draw() };
  }

  studio.stageParts = Object.assign(studio.stageParts || {}, { createJob, describe, elapsed });
})();
