/* What the page knows of takes: one WebSocket (or polling), one map of cards, the selection; it draws nothing. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});

  const FIRST_WAIT_MS = 500;
  const LONGEST_WAIT_MS = 10000;
  const POLL_MS = 1000;
  const RETRY_WHILE_POLLING_MS = 30000;
  const SILENCE_MS = 45000; // only after the server has shown that it sends beats
  const OPEN_STATES = new Set(["drafted", "reserved", "waiting", "submitting", "queued", "running", "fetching"]);

  const takes = new Map();
  const pinned = new Set(); // opened by hand: known even when older than the snapshot
  const listeners = new Set();
  const base = () => (window.studioBase || "").replace(/\/$/, "");

  const live = {
    takes,
    studio: {},
    selected: null,
    connection: "connecting", // connecting | live | polling | lost
    rev: null,
    isLoaded: false,
  };

  let socket = null;
  let isStarted = false;
  let wait = FIRST_WAIT_MS;
  let failures = 0;
  let isSocketKnownGood = false;
  let reconnectTimer = 0;
  let pollTimer = 0;
  let silenceTimer = 0;
  let clockOffsetMs = 0;

  function tell(event) {
    for (const listen of [...listeners]) {
      try {
        listen(event);
      } catch (error) {
        console.error("A room of the page failed on", event.type, error);
      }
    }
  }

  function setConnection(state) {
    if (live.connection === state) return;
    live.connection = state;
    tell({ type: "connection", connection: state });
  }

  const isOpen = (card) => card.is_open ?? OPEN_STATES.has(card.state);
  /** What has no place among the takes: one in the bin, and a voice that was made, which stands in the library. */
  const isBinned = (card) => Boolean(card.is_binned) || (card.mode === "create-voice" && card.state === "kept");

  /** Newest first; takes made in the same moment keep the order of their numbers. */
  function newestFirst(one, other) {
    const byTime = String(other.created_at || "").localeCompare(String(one.created_at || ""));
    return byTime || (other.number || 0) - (one.number || 0);
  }

  function list() {
    return [...takes.values()].sort(newestFirst);
  }

  /** Server time in ms: elapsed times must not depend on this computer's clock being right. */
  const now = () => Date.now() + clockOffsetMs;

  function learnClock(iso) {
    if (!iso) return;
    const offset = new Date(iso).getTime() - Date.now();
    clockOffsetMs = Math.abs(offset) > 1500 ? offset : 0;
  }

  function put(card) {
    const previous = takes.get(card.id) || null;
    if (isBinned(card)) {
      takes.delete(card.id);
      tell({ type: "gone", card, previous });
      if (live.selected === card.id) select(list()[0]?.id ?? null);
      return;
    }
    takes.set(card.id, card);
    tell({ type: "take", card, previous });
  }

  function chooseFirst() {
    if (live.selected && takes.has(live.selected)) return;
    let last = null;
    try {
      last = sessionStorage.getItem("studio.selected");
    } catch {
      /* no storage: start from the newest */
    }
    const all = list();
    const pick = takes.get(last) || all.find(isOpen) || all[0];
    select(pick ? pick.id : null);
  }

  function takeSnapshot(message) {
    learnClock(message.now);
    live.studio = message.studio || live.studio;
    const previous = new Map(takes);
    takes.clear();
    // Older takes reached by hand (gallery) stay known: a snapshot only holds the newest sixty.
    const fresh = new Set((message.takes || []).map((card) => card.id));
    const oldest = (message.takes || []).reduce((low, card) => (card.created_at < low ? card.created_at : low), "9");
    for (const card of message.takes || []) if (!isBinned(card)) takes.set(card.id, card);
    for (const [id, card] of previous) {
      const isOlder = fresh.size >= 60 && String(card.created_at) < oldest;
      if (!fresh.has(id) && (isOlder || pinned.has(id))) takes.set(id, card);
    }
    const isFirst = !live.isLoaded;
    live.isLoaded = true;
    tell({ type: "snapshot", isFirst, previous });
    if (!live.selected || (isFirst && !takes.has(live.selected))) chooseFirst();
    else if (!takes.has(live.selected) && previous.has(live.selected)) select(list()[0]?.id ?? null);
  }

  function receive(message) {
    if (message.rev !== undefined) live.rev = message.rev;
    if (message.type === "snapshot") takeSnapshot(message);
    else if (message.type === "take" && message.card) put(message.card);
    else if (message.type === "studio") {
      learnClock(message.now);
      live.studio = message.studio || live.studio;
      tell({ type: "studio", studio: live.studio });
    }
  }

  function guardSilence() {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(() => socket?.close(), SILENCE_MS);
  }

  function onMessage(event) {
    let message;
    try {
      message = JSON.parse(event.data);
    } catch {
      return; // a torn frame: the next snapshot mends it
    }
    if (message.type === "beat" || silenceTimer) guardSilence();
    receive(message);
  }

  function onOpen() {
    wait = FIRST_WAIT_MS;
    failures = 0;
    isSocketKnownGood = true;
    stopPolling();
    setConnection("live");
  }

  function onClose() {
    socket = null;
    clearTimeout(silenceTimer);
    silenceTimer = 0;
    failures += 1;
    if (live.connection === "live") setConnection("lost");
    if (!isSocketKnownGood || failures > 2) startPolling();
    const delay = live.connection === "polling" ? RETRY_WHILE_POLLING_MS : wait * (0.8 + Math.random() * 0.4);
    reconnectTimer = setTimeout(connect, delay);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }

  function connect() {
    clearTimeout(reconnectTimer);
    if (socket) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    try {
      socket = new WebSocket(`${scheme}//${location.host}${base()}/studio/live`);
    } catch {
      onClose();
      return;
    }
    socket.addEventListener("open", onOpen);
    socket.addEventListener("message", onMessage);
    socket.addEventListener("close", onClose, { once: true });
  }

  async function poll() {
    try {
      const query = live.rev === null ? "" : `?rev=${encodeURIComponent(live.rev)}`;
      const answer = await fetch(`${base()}/studio/state${query}`, { headers: { "X-Studio": "1" }, cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      if (!pollTimer) return; // the socket opened meanwhile
      if (answer.status === 200) receive({ type: "snapshot", ...(await answer.json()) });
      setConnection("polling");
    } catch {
      setConnection("lost");
    }
    if (pollTimer) pollTimer = setTimeout(poll, live.connection === "lost" ? POLL_MS * 2 : POLL_MS);
  }

  function startPolling() {
    if (!pollTimer) pollTimer = setTimeout(poll, 0);
  }

  function stopPolling() {
    clearTimeout(pollTimer);
    pollTimer = 0;
  }

  function wake() {
    if (!isStarted || document.hidden || socket) return;
    wait = FIRST_WAIT_MS;
    connect();
  }

  /** Open the line once; further calls do nothing. */
  function start() {
    if (isStarted) return;
    isStarted = true;
    window.addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    connect();
  }

  /** Call `listen(event)` on every change; returns the way to stop. Types: snapshot, take, gone, studio, select, connection. */
  function subscribe(listen) {
    listeners.add(listen);
    start();
    return () => listeners.delete(listen);
  }

  /** Show this take; an id that is not known yet is shown as soon as its card arrives. */
  function select(id) {
    if (live.selected === id) return;
    live.selected = id;
    try {
      if (id) sessionStorage.setItem("studio.selected", id);
    } catch {
      /* not kept over a reload */
    }
    tell({ type: "select", id, card: takes.get(id) || null });
  }

  /** Show a card that came another way (gallery, an action's answer) and keep it known. */
  function open(card) {
    pinned.add(card.id);
    put(card);
    select(card.id);
  }

  /** POST JSON to the studio; resolves to {card} or {error: {title, sentence, …}} and never throws. */
  async function post(path, body) {
    let answer;
    try {
      answer = await fetch(base() + path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Studio": "1" },
        body: JSON.stringify(body || {}),
      });
    } catch {
      return { error: { title: "The studio did not answer", sentence: "Look at Takes before pressing again." } };
    }
    const read = await answer.json().catch(() => null);
    if (read && read.error) return { error: read.error };
    if (!answer.ok || !read) {
      return { error: { title: "That did not work", sentence: `The studio answered ${answer.status}.` } };
    }
    return { card: read.card || read };
  }

  /** One action on one take; its card is put in place before the promise resolves. */
  async function act(takeId, action, body) {
    const answer = await post(`/studio/takes/${encodeURIComponent(takeId)}/${action}`, body);
    if (answer.card?.id) put(answer.card);
    return answer;
  }

  studio.live = Object.assign(live, { start, subscribe, select, open, post, act, list, now, isOpen, receive, base });
})();
