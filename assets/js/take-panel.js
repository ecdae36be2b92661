/* The panel beside the gallery: one take with its player, what can be done with it, where it came from and its facts. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, setAttr, show, patchChildren, copy } = studio.dom;
  const { price, seconds, overWords, isClip, isRehearsal } = studio.takeParts;

  const shortId = (id) => (id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id);

  function stepNode(card, words, index, isLast) {
    const url = card.media?.poster || card.start_thumb;
    const inside = [
      h("span", { class: "chain-picture" }, url ? h("img", { src: url, alt: "", loading: "lazy" }) : null),
      h("span", { class: "chain-words" }, h("b", { text: card.label }), h("small", { text: words })),
    ];
    const body = isLast ? h("span", { class: "chain-step", "aria-current": "true" }, ...inside) : button({ class: "chain-step", data: { step: card.id } }, ...inside);
    return h("li", { data: { world: card.world }, style: { "--step": index } }, body);
  }

  function factNodes(card, voices) {
    const facts = [h("span", { text: seconds(card) })];
    if (isRehearsal(card)) facts.push(h("span", { text: "Free" }));
    else if (card.charge === "billed") facts.push(h("span", {}, "Billed ", h("b", { text: price(card) })));
    else facts.push(h("span", { text: card.charge === "not_billed" ? "Billed $0.00" : price(card) }));
    if (voices.length) facts.push(h("span", { text: `Voices ${voices.join(", ")}` }));
    if (card.request_id && !isRehearsal(card)) {
      facts.push(h("span", {}, "Request ", h("code", { text: shortId(card.request_id), title: card.request_id }), " ", button({ class: "panel-copy", data: { act: "copy" }, "aria-label": "Copy request id", text: "copy" })));
    }
    return facts.filter((fact) => fact.textContent);
  }

  /** `onAct(action, card)` for star, open, compare, delete, restore, close; `onStep(card)` for an ancestor. */
  function createPanel({ onAct, onStep }) {
    const title = h("h2", {});
    const star = button({ class: "btn icon quiet panel-star", "aria-label": "Star", "aria-pressed": "false", data: { act: "star" } }, icon("star"));
    const close = button({ class: "btn icon quiet", "aria-label": "Close", data: { act: "close" } }, icon("close"));
    const video = h("video", { class: "panel-video", controls: true, playsinline: true, preload: "metadata" });
    const still = h("div", { class: "panel-still" }, h("img", { alt: "" }), h("span", {}));
    const reason = h("p", { class: "panel-reason" });
    const open = button({ class: "btn", data: { act: "open" } }, h("span", { text: "Open in Studio" }));
    const compare = button({ class: "btn", data: { act: "compare" } }, icon("compare"), h("span", { text: "Compare" }));
    const bin = button({ class: "btn icon quiet panel-bin", "aria-label": "Delete", title: "Delete", data: { act: "delete" } }, icon("bin"));
    const restore = button({ class: "btn", data: { act: "restore" } }, h("span", { text: "Restore" }));
    const chain = h("ol", { class: "chain" });
    const origin = h("section", {}, h("h3", { text: "Where it came from" }), chain);
    const facts = h("div", { class: "panel-facts num" });
    const root = h(
      "aside",
      { class: "take-panel", "aria-label": "Chosen take", hidden: true },
      h("div", { class: "panel-head" }, title, star, close),
      video, still, reason,
      h("div", { class: "panel-acts" }, open, compare, restore, bin),
      origin, facts,
    );
    let card = null;
    let lineage = null;
    let ancestors = [];

    function drawPlayer() {
      const url = card.media?.video || "";
      show(video, Boolean(url));
      show(still, !url);
      setAttr(video, "aria-label", `${card.label}, the clip`);
      setAttr(video, "poster", card.media?.poster || null);
      if (url && video.getAttribute("src") !== url) video.src = url;
      if (!url && video.hasAttribute("src")) {
        video.removeAttribute("src");
        video.load();
      }
      setAttr(still.firstChild, "src", card.start_thumb);
      show(still.firstChild, Boolean(card.start_thumb));
      setText(still.lastChild, overWords(card));
    }

    function draw() {
      setText(title, card.label);
      setAttr(star, "aria-pressed", String(Boolean(card.starred)));
      show(star, isClip(card) && !card.is_binned);
      drawPlayer();
      setText(reason, card.state === "kept" ? "" : card.reason?.sentence || "");
      show(reason, Boolean(reason.textContent));
      show(open, !card.is_binned);
      show(compare, isClip(card) && !card.is_binned);
      show(bin, (card.actions || []).includes("delete"));
      show(restore, Boolean(card.is_binned));
      drawLineage();
    }

    function drawLineage() {
      const isKnown = lineage?.chain.at(-1)?.id === card.id;
      show(origin, isKnown);
      ancestors = isKnown ? lineage.chain : [];
      const signature = JSON.stringify(ancestors.map((one, index) => [one.id, one.label, one.media?.poster, lineage.steps[index]]));
      patchChildren(chain, signature, () => ancestors.map((one, index) => stepNode(one, lineage.steps[index], index, index === ancestors.length - 1)));
      const voices = isKnown ? lineage.voices : [];
      patchChildren(facts, JSON.stringify([card.id, card.duration_s, price(card), card.request_id, voices]), () => factNodes(card, voices));
    }

    async function fetchLineage(id) {
      try {
        const answer = await studio.sections.get(`/studio/takes/${encodeURIComponent(id)}/lineage`);
        if (card?.id !== id) return;
        lineage = answer;
        drawLineage();
      } catch {
        /* the panel stays without its chain; the take itself is all there */
      }
    }

    /** Show this take; a change of the same one is only patched. */
    function update(next) {
      const isNew = card?.id !== next.id;
      card = next;
      draw();
      show(root, true);
      if (isNew) fetchLineage(card.id);
    }

    function hide() {
      video.pause();
      show(root, false);
      card = null;
    }

    async function copyId() {
      if (await copy(card.request_id)) studio.notices.toast("Request id copied.");
    }

    root.addEventListener("click", (event) => {
      const act = event.target.closest("[data-act]")?.dataset.act;
      if (act === "copy") copyId();
      else if (act) onAct(act, card);
      const step = event.target.closest("[data-step]")?.dataset.step;
      if (step) onStep(ancestors.find((one) => one.id === step));
    });

    return { root, update, hide, pause: () => video.pause(), card: () => card };
  }

  studio.takeParts.createPanel = createPanel;
})();
