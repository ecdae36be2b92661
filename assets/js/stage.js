/* The Stage: joins player, lanes, transport, job card and actions for the selected take; rooms that change the draft only hear events. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, setAttr, show, patchChildren, copy, keep } = studio.dom;
  const parts = studio.stageParts;

  const TICK_MS = 1000;
  const TYPING = "input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable=true]";

  /** Ask the Desk for something: it listens to `studio:desk` and answers with its own words. */
  function askDesk(action, detail) {
    const card = detail?.card || null;
    window.dispatchEvent(new CustomEvent("studio:desk", { detail: { action, take_id: card?.id ?? null, time_s: null, card, starter: null, ...detail } }));
  }

  function starterButton(starter) {
    return button(
      { class: "stage-starter", data: { starter: starter.id } },
      h("img", { src: starter.thumb, alt: "" }),
      h("b", { text: starter.title }),
      h("small", { text: starter.hint }),
    );
  }

  function createEmpty() {
    const list = h("div", { class: "stage-starters" });
    const root = h(
      "div",
      { class: "stage-empty", hidden: true },
      h("h2", { class: "stage-empty-title", text: "Start with one frame" }),
      h("p", { class: "stage-empty-words", text: "Pick a picture, write what happens, give someone a line. Then rehearse it for free." }),
      list,
    );
    root.addEventListener("click", (event) => {
      const starter = event.target.closest("[data-starter]")?.dataset.starter;
      if (starter) askDesk("starter", { starter });
    });

    function update() {
      const starters = window.studioStarters || studio.boot?.starters || [];
      patchChildren(list, JSON.stringify(starters), () => starters.map(starterButton));
    }

    return { root, update };
  }

  function createStage() {
    let card = null;

    const player = parts.createPlayer({ onTick: (at) => onTick(at), onChange: () => transport.refresh() });
    let wasPlaying = false;
    const lanes = parts.createLanes({ onSeek: player.seek, onDrag });
    const transport = parts.createTransport({ player, onMode: (mode) => onMode(mode), onFull: toggleFull });
    const job = parts.createJob({ onPress });
    const actions = parts.createActions({ onAct });
    const facts = parts.createFacts();
    const head = parts.createHead({ onAct });
    const empty = createEmpty();
    const menu = parts.createMenu();
    const drawer = parts.createDrawer();

    player.root.append(job.root);
    const theatre = h("div", { class: "stage-theatre" }, player.root, lanes.root, transport.root);
    const root = h(
      "section",
      { class: "stage", id: "stage-room", tabindex: "-1", "aria-label": "Stage" },
      head.root, theatre, actions.root, facts.root, empty.root, menu.root, drawer.root,
    );

    function onTick(time_s) {
      lanes?.setTime(time_s);
      transport?.setTime(time_s);
    }

    function onMode(mode) {
      lanes.setMode(mode);
      setAttr(root, "data-sound", mode);
    }

    /** Dragging holds the picture still and gives playback back afterwards. */
    function onDrag(isDragging) {
      if (isDragging) wasPlaying = player.isPlaying();
      if (isDragging) player.pause();
      else if (wasPlaying) player.play();
    }

    function toggleFull() {
      if (document.fullscreenElement) document.exitFullscreen();
      else if (theatre.requestFullscreen) theatre.requestFullscreen().catch(() => {});
      else player.video.webkitEnterFullscreen?.(); // iPhones only let a bare video fill the screen
    }

    function render() {
      const isClip = Boolean(card?.media?.video);
      setAttr(root, "data-state", !card ? "empty" : isClip ? "clip" : "job");
      setAttr(root, "data-take", card?.id ?? null);
      setAttr(root, "data-take-state", card?.state ?? null);
      setAttr(root, "data-world", card?.world ?? null);
      show(empty.root, !card);
      for (const node of [head.root, theatre, facts.root]) show(node, Boolean(card));
      show(transport.root, isClip);
      show(actions.root, isClip);
      player.load(card);
      if (!card) return empty.update();
      head.update(card);
      job.update(isClip ? null : card);
      lanes.update(card, player.duration());
      if (isClip) {
        transport.update(card);
        actions.update(card);
        setAttr(player.root, "draggable", "true");
      } else setAttr(player.root, "draggable", null);
      facts.update(card);
      return player.paint();
    }

    function refresh() {
      const hadFocus = root.contains(document.activeElement) && document.activeElement !== root;
      card = studio.live.selected ? studio.live.takes.get(studio.live.selected) || null : null;
      render();
      // A button that went away with its state must not throw the keyboard back to the top of the page.
      if (hadFocus && (document.activeElement === document.body || !document.activeElement)) root.focus({ preventScroll: true });
    }

    async function act(action, body) {
      const answer = await studio.live.act(card.id, action, body);
      if (answer.error?.code === "needs_confirm") askDesk(action, { card });
      else if (answer.error) studio.notices.problem(answer.error);
      return answer;
    }

    /** In Compare both clips have a clock of their own; this one must not sound behind it. */
    function compare() {
      player.pause();
      studio.compare.open(card);
    }

    async function star() {
      await act("star", { starred: !card.starred });
    }

    async function remove() {
      const gone = card;
      const answer = await act("delete");
      if (answer.error) return;
      studio.notices.toast(`${gone.label} is in the bin.`, { action: { label: "Undo", run: () => restore(gone) } });
    }

    async function restore(gone) {
      const answer = await studio.live.act(gone.id, "restore");
      if (answer.error) studio.notices.problem(answer.error);
      else studio.live.select(gone.id);
    }

    /** One new take for a lost one, however often and in however many tabs this is pressed. */
    async function sendAgain() {
      job.setBusy("send_again", true);
      const answer = await act("send_again", { key: `again:${card.id}`, confirm: true });
      job.setBusy("send_again", false);
      if (answer.card?.id) studio.live.select(answer.card.id);
    }

    async function askServer(action) {
      job.setBusy(action, true);
      await act(action);
      job.setBusy(action, false);
    }

    function showAnswer(opener) {
      drawer.open(opener, `Full answer, ${card.label.toLowerCase()}`, parts.answerNodes(card));
    }

    function showRecipe(opener) {
      const onLoad = () => {
        drawer.close();
        askDesk("tweak", { card });
      };
      drawer.open(opener, `Recipe, ${card.label.toLowerCase()}`, parts.recipeNodes(card, onLoad));
    }

    const JOB_ACTS = {
      edit: () => askDesk("tweak", { card }),
      rehearse: () => askDesk("rehearse", { card }),
      limits: () => askDesk("limits", { card }),
      detail: () => showAnswer(document.activeElement),
      keep_watching: () => {},
      send_again: sendAgain,
      reorder: () => act("reorder", { place: 0 }),
      tell: async () => {
        await studio.notices.tellWhenDone(card.id);
        job.tick();
      },
    };

    function onPress(id) {
      if (JOB_ACTS[id]) JOB_ACTS[id]();
      else askServer(id);
    }

    async function copyWords(name, text) {
      if (await copy(text)) studio.notices.toast(`${name} copied.`);
    }

    const MORE_ACTS = {
      captions: () => player.setCaptions(!player.isCaptioned()),
      recipe: () => showRecipe(root.querySelector('[data-act="more"]')),
      copy_prompt: () => copyWords("Prompt", card.prompt || card.arguments?.prompt || ""),
      copy_request: () => copyWords("Request id", card.request_id),
      detail: () => showAnswer(root.querySelector('[data-act="more"]')),
      delete: remove,
    };

    const ACTS = {
      use_start: () => askDesk("use_start", { card, time_s: player.frameTime() }),
      use_end: () => askDesk("use_end", { card, time_s: player.frameTime() }),
      tweak: () => askDesk("tweak", { card }),
      compare,
      recipe: (opener) => showRecipe(opener),
      download: (opener) => menu.open(opener, "Download", parts.downloadItems(card, player.time(), transport.mode())),
      more: (opener) =>
        menu.open(opener, "More", parts.moreItems(card, player).map((item) => ({ ...item, run: MORE_ACTS[item.id] }))),
      parent: () => studio.live.select(card.parent.id),
      star,
    };

    function onAct(id, opener) {
      ACTS[id]?.(opener);
    }

    const isOff = () => keep.get("single_keys", "on") === "off";
    const isMaking = () => card && !isFree() && card.media?.video;
    const isFree = () => card?.world === "rehearsal";

    /* Single letters act only with the focus inside the Stage and can be switched off (WCAG 2.1.4). */
    const LETTERS = {
      j: () => player.shuttle(-1),
      k: player.pause,
      l: () => player.shuttle(1),
      i: () => isMaking() && ACTS.use_start(),
      o: () => isMaking() && ACTS.use_end(),
      m: () => transport.cycle(),
      s: () => isMaking() && star(),
      c: () => ACTS.compare(),
      t: () => ACTS.tweak(),
      f: toggleFull,
    };

    const moveBy = (frames, seconds, event) => (event.shiftKey ? player.seek(player.time() + seconds) : player.step(frames));
    const MOVES = {
      ArrowLeft: (event) => moveBy(-1, -1, event),
      ArrowRight: (event) => moveBy(1, 1, event),
      PageDown: () => player.seek(player.time() - 1),
      PageUp: () => player.seek(player.time() + 1),
      Home: () => player.seek(0),
      End: () => player.seek(player.duration()),
    };

    function keyFor(event) {
      const isSpecial = event.target.closest("button, a, label, input");
      if (event.key === " ") return isSpecial ? null : player.toggle;
      if (MOVES[event.key]) return event.target.matches("input") ? null : () => MOVES[event.key](event);
      return !event.shiftKey && !isOff() ? LETTERS[event.key.toLowerCase()] : null;
    }

    function onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPING)) return;
      if (!card?.media?.video) return;
      const run = keyFor(event);
      if (!run) return;
      event.preventDefault();
      event.stopPropagation();
      run();
    }

    /** Dragging the picture out of the window gives the file of the chosen sound mode. */
    function onDragStart(event) {
      const isSilent = transport.mode() === "silent" && card.media.silent;
      const url = new URL(isSilent ? card.media.silent : card.media.video, location.href).href;
      const name = parts.fileName(card, isSilent ? "-silent.mp4" : ".mp4");
      event.dataTransfer.setData("DownloadURL", `video/mp4:${name}:${url}`);
      event.dataTransfer.setData("text/uri-list", url);
      event.dataTransfer.setData("application/x-studio-take", card.id);
      event.dataTransfer.effectAllowed = "copy";
    }

    root.addEventListener("keydown", onKey);
    player.root.addEventListener("dragstart", onDragStart);
    player.video.addEventListener("loadedmetadata", () => card && lanes.update(card, player.duration()));
    player.root.addEventListener("pointerdown", (event) => {
      if (!event.target.closest("button, a")) root.focus({ preventScroll: true });
    });
    studio.live.subscribe((event) => {
      const isMine = event.card?.id === studio.live.selected;
      if (event.type === "snapshot" || event.type === "select" || event.type === "gone" || (event.type === "take" && isMine)) refresh();
    });
    setInterval(() => !document.hidden && card && studio.live.isOpen(card) && job.tick(), TICK_MS);
    refresh();

    return { root, player, refresh, askDesk };
  }

  let stage = null;

  /** Put the Stage into a gr.HTML shell. One Stage lives as long as the page: a second mount moves it, video and all. */
  function mount(element, { watch } = {}) {
    stage = stage || createStage();
    const home = () => {
      const shell = element.querySelector(".stage-root") || element;
      if (stage.root.parentNode !== shell) shell.replaceChildren(stage.root);
    };
    home();
    watch?.("value", home); // Gradio redraws its template when a prop changes; the Stage moves back in
    return stage;
  }

  studio.stage = { mount, get current() { return stage; } };
})();
