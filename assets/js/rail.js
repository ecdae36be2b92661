/* The takes rail: newest first, one small button a take, patched one by one; it selects and never changes a take. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, setAttr, show, money, clock } = studio.dom;

  const TICK_MS = 1000;
  const REFUSED = { failed: "Refused", unknown: "Lost answer", cancelled: "Cancelled" };

  const isRehearsal = (card) => card.world === "rehearsal";

  /** The word over a dimmed picture: elapsed time while open, else what went wrong. */
  function overWord(card) {
    if (card.state === "running") return clock(studio.stageParts.elapsed(card));
    if (card.state === "fetching") return "Saving";
    if (studio.live.isOpen(card)) return isRehearsal(card) ? "Drawing" : card.state === "submitting" ? "Sending" : "Queued";
    if (card.state === "failed" && !card.submitted_at && !isRehearsal(card)) return "Not sent";
    return REFUSED[card.state] || "";
  }

  function priceWord(card) {
    if (isRehearsal(card)) return "free";
    if (studio.live.isOpen(card)) return card.charge === "billed" ? money(card.billed_usd_micros ?? card.estimate_usd_micros) : "held";
    if (card.charge === "may_be_billed" || card.state === "unknown") return "may bill";
    if (card.state === "kept") return money(card.billed_usd_micros ?? card.estimate_usd_micros);
    return card.charge === "billed" ? money(card.billed_usd_micros ?? card.estimate_usd_micros) : "$0.00";
  }

  function createItem(id) {
    const picture = h("img", { alt: "", loading: "lazy", decoding: "async" });
    const word = h("span", { class: "rail-word" });
    const star = h("span", { class: "rail-star" }, icon("star"), h("span", { class: "rail-spoken", text: "starred, " }));
    const kind = h("span", { class: "rail-spoken" });
    const number = h("b", {});
    const price = h("span", { class: "rail-price" });
    const root = button(
      { class: "rail-item", data: { take: id }, tabindex: "-1" },
      h("span", { class: "rail-thumb" }, picture, word, star),
      h("span", { class: "rail-foot" }, h("span", {}, kind, number), price),
    );

    function tick(card) {
      const text = overWord(card);
      setText(word, text);
      show(word, Boolean(text));
    }

    function update(card) {
      const url = card.media?.poster || card.start_thumb || null;
      setAttr(picture, "src", url);
      show(picture, Boolean(url));
      setAttr(root, "data-world", card.world);
      setAttr(root, "data-state", card.state);
      setAttr(root, "data-dim", overWord(card) ? "yes" : null);
      setText(kind, isRehearsal(card) ? "Rehearsal " : "Take ");
      setText(number, isRehearsal(card) ? `R${card.number}` : String(card.number));
      setText(price, priceWord(card));
      show(star, Boolean(card.starred));
      tick(card);
    }

    return { root, update, tick };
  }

  function createRail() {
    const items = new Map();
    const list = h("div", { class: "rail-list", role: "group", "aria-label": "Takes, newest first" });
    const empty = h("p", { class: "rail-empty", text: "Rehearsals and takes stack up here." });
    const all = button({ class: "rail-all", "aria-label": "All takes" }, icon("right"));
    const root = h("nav", { class: "rail", "aria-label": "Takes" }, h("div", { class: "rail-head" }, h("h2", { text: "Takes" }), all), empty, list);

    const nodes = () => [...list.children];

    function setCurrent() {
      const focusable = items.get(studio.live.selected)?.root || list.firstElementChild;
      for (const [id, item] of items) {
        setAttr(item.root, "aria-current", id === studio.live.selected ? "true" : null);
        setAttr(item.root, "tabindex", item.root === focusable ? "0" : "-1");
      }
    }

    /** Scroll the list, never the page, until the item is inside. */
    function reveal(node) {
      if (!node) return;
      const box = node.getBoundingClientRect();
      const view = list.getBoundingClientRect();
      if (box.top < view.top || box.bottom > view.bottom) list.scrollTop += box.top - view.top - 8;
      if (box.left < view.left || box.right > view.right) list.scrollLeft += box.left - view.left - 8;
    }

    function put(card) {
      let item = items.get(card.id);
      if (!item) {
        item = createItem(card.id);
        items.set(card.id, item);
      }
      item.update(card);
      return item;
    }

    /** Bring the nodes into the map's order, moving only those that stand wrong. */
    function arrange() {
      const order = studio.live.list();
      let at = list.firstElementChild;
      for (const card of order) {
        const node = (items.get(card.id) || put(card)).root;
        if (node === at) at = at.nextElementSibling;
        else list.insertBefore(node, at);
      }
      show(empty, order.length === 0);
      show(list, order.length > 0);
      show(all, order.length > 0);
    }

    function drop(id) {
      const item = items.get(id);
      if (!item) return;
      const next = item.root.nextElementSibling || item.root.previousElementSibling;
      if (item.root === document.activeElement) next?.focus();
      item.root.remove();
      items.delete(id);
    }

    function drawAll() {
      for (const id of [...items.keys()]) if (!studio.live.takes.has(id)) drop(id);
      for (const card of studio.live.takes.values()) put(card);
      arrange();
      setCurrent();
    }

    function onTake(card) {
      const isNew = !items.has(card.id);
      put(card);
      if (!isNew) return;
      arrange();
      setCurrent();
    }

    function onLive(event) {
      if (event.type === "snapshot") drawAll();
      else if (event.type === "take") onTake(event.card);
      else if (event.type === "gone") {
        drop(event.card.id);
        arrange();
        setCurrent();
      } else if (event.type === "select") {
        setCurrent();
        reveal(items.get(studio.live.selected)?.root);
      }
    }

    function onKey(event) {
      const here = nodes().indexOf(document.activeElement);
      if (here < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      const last = nodes().length - 1;
      const to = { ArrowDown: here + 1, ArrowRight: here + 1, ArrowUp: here - 1, ArrowLeft: here - 1, Home: 0, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      nodes()[Math.min(last, Math.max(0, to))].focus();
    }

    list.addEventListener("click", (event) => {
      const id = event.target.closest("[data-take]")?.dataset.take;
      if (id) studio.live.select(id);
    });
    list.addEventListener("keydown", onKey);
    all.addEventListener("click", () => window.dispatchEvent(new CustomEvent("studio:desk", { detail: { action: "show_takes" } })));
    studio.live.subscribe(onLive);
    setInterval(() => {
      if (document.hidden) return;
      for (const card of studio.live.takes.values()) if (card.state === "running") items.get(card.id)?.tick(card);
    }, TICK_MS);
    drawAll();

    return { root };
  }

  let rail = null;

  /** Put the rail into a gr.HTML shell; a second mount moves it there. */
  function mount(element, { watch } = {}) {
    rail = rail || createRail();
    const home = () => {
      const shell = element.querySelector(".rail-root") || element;
      if (rail.root.parentNode !== shell) shell.replaceChildren(rail.root);
    };
    home();
    watch?.("value", home);
    return rail;
  }

  studio.rail = { mount };
})();
