/* Under the player: the row of actions, the download and more menus, the facts line; it asks, others do. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setAttr, show, patchChildren, copy } = studio.dom;
  const { money, timecode, spell, megabytes, timeOfDay } = studio.dom;

  const isRehearsal = (card) => card.world === "rehearsal";
  const shortId = (id) => (id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id);

  function fileName(card, ending) {
    return `${String(card.label).toLowerCase().replace(/[^a-z0-9]+/g, "-")}${ending}`;
  }

  const ROW = [
    { id: "use_start", icon: "start", label: "Use as start", isForTakes: true },
    { id: "use_end", icon: "end", label: "Use as end", isForTakes: true, isLastOfGroup: true },
    { id: "tweak", icon: "tweak", label: "Tweak" },
    { id: "compare", icon: "compare", label: "Compare" },
    { id: "download", icon: "download", label: "Download", isMenu: true },
    { id: "recipe", icon: "recipe", label: "Recipe", isForTakes: true },
  ];

  function rowButton(item) {
    const menu = item.isMenu ? { "aria-haspopup": "menu", "aria-expanded": "false" } : {};
    const node = button(
      { class: "stage-act", data: { act: item.id }, ...menu },
      icon(item.icon),
      h("span", { text: item.label }),
      item.isMenu ? icon("chevron") : null,
    );
    return item.isLastOfGroup ? [node, h("i", { class: "stage-act-rule", "aria-hidden": "true" })] : [node];
  }

  function createActions({ onAct }) {
    const root = h("div", { class: "stage-actions", role: "group", "aria-label": "Actions" }, ...ROW.flatMap(rowButton));
    const byId = (id) => root.querySelector(`[data-act="${id}"]`);
    root.addEventListener("click", (event) => {
      const node = event.target.closest("[data-act]");
      if (node) onAct(node.dataset.act, node);
    });

    function update(card) {
      const isFree = isRehearsal(card);
      for (const item of ROW) show(byId(item.id), !(item.isForTakes && isFree && item.id !== "recipe"));
      show(root.querySelector(".stage-act-rule"), !isFree);
      byId("tweak").querySelector("span").textContent = isFree ? "Back to draft" : "Tweak";
    }

    return { root, update, downloadButton: () => byId("download") };
  }

  /** Downloads of a kept take; in Silent cut the silent file comes first. */
  function downloadItems(card, time_s, mode) {
    const media = card.media || {};
    const whole = { id: "with_sound", icon: "sound", label: "MP4 with sound", hint: "As delivered", href: media.video, download: fileName(card, ".mp4") };
    if (card.has_sound === false) Object.assign(whole, { id: "video", icon: "silent", label: "MP4", hint: "As delivered, no sound in it" });
    const silent = { id: "silent", icon: "muted", label: "MP4 silent cut", hint: "Same picture, no audio track", href: media.silent, download: fileName(card, "-silent.mp4") };
    const frame = {
      id: "frame", icon: "frame", label: "This frame", hint: `PNG at ${timecode(time_s)}`, download: fileName(card, `-${time_s.toFixed(2)}s.png`),
      href: `${studio.live.base()}/studio/takes/${encodeURIComponent(card.id)}/frame?t=${time_s.toFixed(3)}`,
    };
    const heard = card.lines?.some((line) => line.is_heard) ? "from the heard lines" : "from the planned lines";
    const srt = { id: "srt", icon: "captions", label: "Captions (SRT)", hint: `Subtitles ${heard}`, href: media.srt, download: fileName(card, ".srt"), isApart: true };
    const vtt = { id: "vtt", icon: "captions", label: "Captions (VTT)", hint: "For web players", href: media.vtt, download: fileName(card, ".vtt") };
    const bare = { id: "plain", icon: "silent", label: "MP4 without recipe", hint: "Nothing but picture and sound", href: media.plain, download: fileName(card, "-plain.mp4"), isApart: true };
    const films = mode === "silent" && media.silent && card.has_sound !== false ? [silent, whole] : [whole, silent];
    return [...films, frame, srt, vtt, bare].filter((item) => item.href);
  }

  const bold = (text) => h("b", { text });

  function billFact(card) {
    if (isRehearsal(card)) return null;
    const billed = card.billed_usd_micros;
    const start = ["Estimated ", bold(money(card.estimate_usd_micros))];
    if (billed === null || billed === undefined) {
      const isFree = card.charge === "not_billed" || card.charge === "free";
      return h("span", {}, ...start, isFree ? ", not billed" : card.charge === "may_be_billed" ? ", may be billed" : ", bill pending");
    }
    const isDifferent = billed !== card.estimate_usd_micros;
    return h("span", {}, ...start, ", ", h("span", isDifferent ? { class: "stage-bill-differs" } : {}, "billed ", bold(money(billed))));
  }

  function requestFact(card) {
    if (!card.request_id || isRehearsal(card)) return null;
    return h(
      "span",
      {},
      "Request ",
      h("code", { text: shortId(card.request_id), title: card.request_id }),
      " ",
      button({ class: "stage-copy", data: { copy: card.request_id }, "aria-label": "copy request id" }, "copy"),
    );
  }

  function rehearsalNote(card) {
    const isHeard = card.lines?.some((line) => line.is_heard);
    const lines = (card.planned || []).length || card.lines?.length;
    const camera = card.mode === "motion-control" ? "" : "The bracket shows where the camera ends. ";
    return camera + (lines ? (isHeard ? "Line times are from the guide track." : "Line times are planned, not heard.") : "Drawn on this computer, free.");
  }

  function factNodes(card) {
    const fact = (text) => h("span", { text });
    const isDone = Boolean(card.media?.video);
    if (isRehearsal(card) && isDone) return [fact(rehearsalNote(card))];
    const list = [fact(card.model_title || card.endpoint || "")];
    if (isDone && card.duration_s) list.push(h("span", {}, bold(`${card.duration_s.toFixed(2)} s`)));
    if (isDone && card.size_bytes) list.push(fact(`MP4 ${megabytes(card.size_bytes)} MB`));
    if (isDone && card.took_s) list.push(fact(`took ${spell(card.took_s)}`));
    if (!isDone && card.submitted_at) list.push(fact(`Sent ${timeOfDay(card.submitted_at)}`));
    return [...list, billFact(card), requestFact(card)].filter(Boolean);
  }

  const FACT_KEYS = ["id", "world", "model_title", "duration_s", "size_bytes", "took_s", "submitted_at", "estimate_usd_micros", "billed_usd_micros", "charge", "request_id"];

  function createFacts() {
    const root = h("div", { class: "stage-facts" });
    root.addEventListener("click", async (event) => {
      const node = event.target.closest("[data-copy]");
      if (node && (await copy(node.dataset.copy))) studio.notices.toast("Request id copied.");
    });

    function update(card) {
      const signature = JSON.stringify([FACT_KEYS.map((key) => card[key]), Boolean(card.media?.video), card.lines?.length]);
      patchChildren(root, signature, () => factNodes(card));
    }

    return { root, update };
  }

  function createHead({ onAct }) {
    const title = h("h2", { class: "stage-title" });
    const from = button({ class: "stage-from", data: { act: "parent" } });
    const note = h("span", { class: "stage-note" });
    const star = button({ class: "stage-icon stage-star", "aria-label": "Star", "aria-pressed": "false", data: { act: "star" } }, icon("star"));
    const more = button({ class: "stage-icon", "aria-label": "More", "aria-haspopup": "menu", "aria-expanded": "false", data: { act: "more" } }, icon("more"));
    const root = h("div", { class: "stage-head" }, title, from, note, h("span", { class: "stage-gap" }), star, more);
    root.addEventListener("click", (event) => {
      const node = event.target.closest("[data-act]");
      if (node) onAct(node.dataset.act, node);
    });

    function noteOf(card) {
      if (isRehearsal(card) && card.media?.video) return `of this draft, ${card.took_s ? `made in ${spell(card.took_s)} on this computer` : "made on this computer"}`;
      return card.mode === "motion-control" ? "motion control" : "";
    }

    function update(card) {
      studio.dom.setText(title, card.label);
      show(from, Boolean(card.parent) && !isRehearsal(card));
      if (card.parent) studio.dom.setText(from, `from ${card.parent.label.toLowerCase()}`);
      studio.dom.setText(note, card.parent && !isRehearsal(card) ? "" : noteOf(card));
      show(star, Boolean(card.media?.video) && !isRehearsal(card));
      setAttr(star, "aria-pressed", String(Boolean(card.starred)));
    }

    return { root, update };
  }

  function moreItems(card, player) {
    const items = [];
    if (card.media?.video && !isRehearsal(card)) items.push({ id: "captions", icon: "captions", label: "Captions on the picture", checked: player.isCaptioned() });
    items.push({ id: "recipe", icon: "recipe", label: "Recipe" }, { id: "copy_prompt", icon: "copy", label: "Copy prompt" });
    if (card.request_id) items.push({ id: "copy_request", icon: "copy", label: "Copy request id" });
    if (card.reason?.detail) items.push({ id: "detail", icon: "question", label: "Show full answer" });
    if ((card.actions || []).includes("delete")) items.push({ id: "delete", icon: "bin", label: "Delete", hint: "30 days in the bin", isApart: true });
    return items;
  }

  studio.stageParts = Object.assign(studio.stageParts || {}, { createActions, createFacts, createHead, downloadItems, moreItems, fileName });
})();
