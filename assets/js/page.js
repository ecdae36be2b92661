/* The frame of the page: mounting islands, header, banner, theme, sheets, shortcuts; knows no take and no price. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, keep, money } = studio.dom;

  studio.islands = studio.islands || {};

  /** Called by every island's Gradio component once, with the element that its shell lives in. */
  studio.mount = function (kind, element, gates) {
    const root = element.querySelector(`[data-island="${kind}"]`) || element;
    if (root.dataset.isMounted) return;
    root.dataset.isMounted = "1";
    const build = studio.islands[kind];
    if (build) build(root, gates);
    else console.error(`No island called ${kind}`);
  };
  studio.islands.stage = (root, gates) => studio.stage.mount(root, gates);
  studio.islands.rail = (root, gates) => studio.rail.mount(root, gates);

  /* --- sheets -------------------------------------------------------------------------------------------------- */

  /** A dialog with a title; Esc closes it and focus goes back. */
  studio.sheet = function (title, ...children) {
    const close = button({ class: "btn icon quiet", "aria-label": "Close" }, icon("close"));
    const id = `sheet-${Date.now()}`;
    const sheet = h("dialog", { class: "island sheet", "aria-labelledby": id }, h("header", {}, h("h2", { id, text: title }), close), h("div", { class: "body" }, ...children));
    close.addEventListener("click", () => sheet.close());
    sheet.addEventListener("close", () => sheet.remove());
    sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });
    document.body.append(sheet);
    sheet.showModal();
    return sheet;
  };

  /* --- sections and panes -------------------------------------------------------------------------------------- */

  function section(id) {
    const titles = { studio: "Studio", takes: "Takes", voices: "Voices", spend: "Spend", settings: "Settings" };
    const tabs = [...document.querySelectorAll("#sections > .tab-wrapper [role=tablist] [role=tab]")];
    tabs.find((tab) => tab.dataset.tabId === id || tab.textContent.trim().startsWith(titles[id]))?.click();
  }

  const write = () => showPane(false);
  const watchPane = () => showPane(true);
  function showPane(isWatching) {
    const isNew = document.body.classList.toggle("is-watching", isWatching) !== wasWatching;
    wasWatching = isWatching;
    if (isNew && studio.dom.isPhone()) scrollTo({ top: 0 });
    drawPane();
  }
  let wasWatching = false;
  let pane = null;
  function drawPane() {
    if (!pane) return;
    const isWatching = document.body.classList.contains("is-watching");
    pane.write.setAttribute("aria-pressed", String(!isWatching));
    pane.watch.setAttribute("aria-pressed", String(isWatching));
    if (isWatching) pane.watch.classList.remove("has-news");
  }

  /** How many takes and voices there are, behind the names of their sections. Gradio draws its tabs anew at times, so
   *  the numbers live outside them, as the words of a style. */
  function drawCounts() {
    const counts = studio.live.studio?.counts || {};
    for (const [name, count] of [["takes", counts.all], ["voices", counts.voices]]) document.body.style.setProperty(`--count-${name}`, count ? `"\u2002${Number(count)}"` : '""');
  }

  /** What happened while nobody looked, said once in this browser. */
  function sayNotes() {
    for (const note of studio.live.studio?.notes || []) {
      if (keep.get(`note.${note.id}`, "")) continue;
      keep.set(`note.${note.id}`, "said");
      studio.notices.toast(note.sentence, { tone: "stop" });
    }
  }

  /* --- header -------------------------------------------------------------------------------------------------- */

  studio.islands.header = function (root) {
    const mark = h("div", { class: "mark" }, logo(), h("span", { text: "Studio" }));
    pane = { write: button({ class: "btn small", "aria-pressed": "true", text: "Write" }), watch: button({ class: "btn small", "aria-pressed": "false", text: "Watch" }) };
    pane.write.addEventListener("click", write);
    pane.watch.addEventListener("click", watchPane);
    const pill = button({ class: "pill num", id: "mode-pill" });
    pill.addEventListener("click", () => section(studio.desk.hasKey() ? "spend" : "settings"));
    const theme = button({ class: "btn icon quiet", "aria-label": "Light or dark", title: "Light or dark" }, icon("sun"));
    theme.addEventListener("click", flipTheme);
    const help = button({ class: "btn icon quiet", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts" }, icon("question"));
    help.addEventListener("click", showShortcuts);
    const skip = h("a", { class: "btn skip", href: "#stage-room", text: "Skip to Stage" });
    root.replaceChildren(skip, h("h1", { class: "only-spoken", text: "Studio" }), h("div", { class: "head" }, mark, h("div", { class: "switch-pane", role: "group", "aria-label": "Write or watch" }, pane.write, pane.watch), h("div", { class: "head-right" }, pill, theme, help)));
    const draw = () => drawPill(pill);
    studio.live.subscribe((event) => {
      if (event.type === "studio" || event.type === "snapshot") { draw(); drawCounts(); sayNotes(); }
      if (event.type === "take" && event.previous && studio.live.isOpen(event.previous) && !studio.live.isOpen(event.card) && !document.body.classList.contains("is-watching")) pane.watch.classList.add("has-news");
    });
    draw();
    drawCounts();
    sayNotes();
  };

  function logo() {
    const box = document.createElement("template");
    box.innerHTML = '<svg viewBox="0 0 22 22" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2"><rect x="1" y="4" width="20" height="14" rx="3.5"/><path d="M13.5 4v14"/><circle cx="7" cy="11" r="2.2" fill="var(--paid)" stroke="none"/></svg>';
    return box.content.firstChild;
  }

  function drawPill(pill) {
    const isLive = studio.desk.hasKey();
    const spent = studio.live.studio?.today?.spent ?? 0;
    pill.classList.toggle("is-rehearsal", !isLive);
    if (isLive) pill.replaceChildren(h("span", { class: "pill-word", text: "Live" }), h("b", { text: money(spent) }), h("span", { class: "pill-word", text: "today" }));
    else pill.replaceChildren(h("span", { text: studio.dom.isPhone() ? "Rehearsal" : "Rehearsal, nothing is paid" }));
  }

  function flipTheme() {
    const next = document.body.classList.contains("dark") ? "light" : "dark";
    keep.set("theme", next);
    document.documentElement.dataset.theme = next;
    document.body.classList.toggle("dark", next === "dark");
  }

  /* --- banner and key ------------------------------------------------------------------------------------------ */

  studio.islands.banner = function (root) {
    const add = button({ class: "btn free" }, icon("key"), h("span", { text: "Add a key" }));
    add.addEventListener("click", askForKey);
    const banner = h("div", { class: "banner" }, h("p", {}, h("b", { text: "Nothing here is paid. " }), h("span", { class: "banner-more", text: "Every screen works; takes are drawn on this computer from your frame, your lines and your timing." })), add);
    const draw = () => { if (studio.desk.hasKey()) banner.remove(); else if (!banner.isConnected) root.append(banner); };
    studio.live.subscribe((event) => { if (event.type === "studio" || event.type === "snapshot") draw(); });
    draw();
  };

  function askForKey() {
    section("settings");
    setTimeout(() => document.querySelector("#fal-key")?.focus(), 250);
  }

  /* --- shortcuts ----------------------------------------------------------------------------------------------- */

  const SHORTCUTS = [
    ["Anywhere", [["Ctrl Enter", "Generate (Rehearse without a key)"], ["Ctrl Shift Enter", "Rehearse"], ["Alt 1, 2, 3", "Image, text, motion"], ["Alt W", "Write or watch"], ["?", "This list"]]],
    ["Stage", [["Space, K", "Play or pause"], ["J, L", "Back or forward 1 s"], ["Left, Right", "One frame"], ["Shift Left, Right", "One second"], ["Home, End", "First, last frame"], ["I, O", "Use frame as start, end"], ["M", "Sound mode"], ["S", "Star"], ["C", "Compare"], ["T", "Tweak"], ["F", "Full screen"]]],
    ["Takes", [["Arrows", "Move between takes"], ["Enter", "Open in Studio"], ["X", "Select"], ["/", "Search"]]],
    ["Dialogue", [["Enter", "New line"], ["Alt Up, Down", "Move line"], ["Backspace", "Remove an empty line"]]],
  ];

  function showShortcuts() {
    const isOn = keep.get("single_keys", "on") === "on";
    const toggle = h("input", { type: "checkbox", id: "single-keys" });
    toggle.checked = isOn;
    toggle.addEventListener("change", () => keep.set("single_keys", toggle.checked ? "on" : "off"));
    const groups = SHORTCUTS.map(([title, rows]) => h("section", {}, h("h3", { class: "label", text: title }), h("dl", { class: "keys" }, ...rows.flatMap(([keys, what]) => [h("dt", {}, h("kbd", { text: keys })), h("dd", { text: what })]))));
    studio.sheet("Keyboard shortcuts", h("div", { class: "keys-grid" }, ...groups), h("label", { class: "keys-toggle" }, toggle, " Single keys work on the Stage"));
  }

  function onKey(event) {
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      const world = event.shiftKey || !studio.desk.hasKey() ? "rehearse" : "generate";
      document.getElementById(`${studio.desk.shown()}--${world}`)?.click();
    } else if (event.altKey && ["1", "2", "3"].includes(event.key)) {
      event.preventDefault();
      studio.desk.open(["image-to-video", "text-to-video", "motion-control"][Number(event.key) - 1]);
    } else if (event.altKey && event.key.toLowerCase() === "w") {
      event.preventDefault();
      if (document.body.classList.contains("is-watching")) write(); else watchPane();
    } else if (event.key === "?" && !isTyping) {
      showShortcuts();
    }
  }
  addEventListener("keydown", onKey);

  /* --- what the stage asks of the desk ------------------------------------------------------------------------- */

  addEventListener("studio:desk", async (event) => {
    const { action, take_id: take, time_s: at, starter } = event.detail;
    try {
      if (action === "starter") await studio.desk.bring("/studio/drafts/starter", { starter });
      else if (action === "tweak" || action === "send_again") await studio.desk.bring("/studio/drafts/take", { take_id: take });
      else if (action === "rehearse") document.getElementById(`${studio.desk.shown()}--rehearse`)?.click();
      else if (action === "limits") section("spend");
      else if (action === "show_takes") section("takes");
      else if (action === "use_start" || action === "use_end") await useFrame(action, take, at);
    } catch (error) {
      studio.notices.toast(error.message, { tone: "stop" });
    }
  });

  async function useFrame(action, take, at) {
    const field = action === "use_start" ? "start_image_url" : "end_image_url";
    const before = studio.desk.value("image-to-video", field) || null;
    const answer = await studio.desk.bring("/studio/drafts/frame", { take_id: take, at_s: at, field });
    const words = `Frame ${studio.dom.timecode(answer.at_s)} is now the ${field === "start_image_url" ? "start" : "end"}.`;
    studio.notices.toast(words, { action: { label: "Undo", run: () => studio.desk.put("image-to-video", { files: { [field]: before } }) } });
  }

  /* --- Gradio's radios get one name a group, so that arrows move inside it -------------------------------------- */

  function joinRadios() {
    for (const group of document.querySelectorAll("fieldset[id]")) for (const radio of group.querySelectorAll("input[type=radio]")) if (radio.name !== group.id) radio.name = group.id;
  }
  const watchRadios = () => { joinRadios(); new MutationObserver(joinRadios).observe(document.body, { childList: true, subtree: true }); };
  if (document.body) watchRadios();
  else addEventListener("DOMContentLoaded", watchRadios);

  /** Tabs answer arrows, which Gradio leaves out. */
  function onTabKey(event) {
    const tab = event.target.closest?.("[role=tab]");
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || (!step && !["Home", "End"].includes(event.key))) return;
    const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
    const at = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : (tabs.indexOf(tab) + step + tabs.length) % tabs.length;
    event.preventDefault();
    tabs[at].focus();
    tabs[at].click();
  }
  addEventListener("keydown", onTabKey);

  // Before the first button is drawn, so that none has to change its colours in view.
  if (document.body) document.body.classList.toggle("is-keyless", !studio.boot.has_key);

  studio.page = { section, write, watch: () => { if (studio.dom.isPhone()) watchPane(); }, askForKey, showShortcuts };

  // Islands that Gradio mounted before this script had come.
  for (const island of studio.line || []) studio.mount(...island);
  studio.line = null;
})();
