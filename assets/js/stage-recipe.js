/* The recipe of a take as a drawer: how to send it again from a terminal or from Python; it holds no key and sends nothing. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, copy, money, dayAndTime } = studio.dom;

  const QUEUE = "https://queue.fal.run/";

  const shellQuote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

  /** The request as one curl command; the key stays in the reader's environment. */
  function curl(card) {
    return [
      `curl -X POST ${shellQuote(QUEUE + card.endpoint)} \\`,
      '  -H "Authorization: Key $FAL_KEY" \\',
      "  -H 'Content-Type: application/json' \\",
      `  -d ${shellQuote(JSON.stringify(card.arguments || {}, null, 2))}`,
    ].join("\n");
  }

  /** JSON as a Python literal. JSON strings are valid Python strings; only three words differ. */
  function pythonLiteral(value, indent = "") {
    const inner = indent + "    ";
    if (value === null || value === undefined) return "None";
    if (value === true) return "True";
    if (value === false) return "False";
    if (typeof value !== "object") return JSON.stringify(value);
    const isList = Array.isArray(value);
    const entries = isList ? value.map((one) => pythonLiteral(one, inner)) : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${pythonLiteral(one, inner)}`);
    const [open, shut] = isList ? "[]" : "{}";
    return entries.length ? `${open}\n${entries.map((one) => `${inner}${one},`).join("\n")}\n${indent}${shut}` : open + shut;
  }

  function python(card) {
    return [
      "import fal_client  # pip install fal-client; reads $FAL_KEY from the environment",
      "",
      "result = fal_client.subscribe(",
      `    ${JSON.stringify(card.endpoint)},`,
      `    arguments=${pythonLiteral(card.arguments || {}, "    ")},`,
      ")",
      'print(result["video"]["url"])',
      "",
    ].join("\n");
  }

  /** The prompt with voice tags as chips and spoken words in full ink. */
  function promptNodes(text) {
    return String(text || "").split(/(<<<voice_[12]>>>|"[^"]*")/).filter(Boolean).map((part) => {
      const tag = /^<<<voice_([12])>>>$/.exec(part);
      if (tag) return h("code", { class: "stage-voice-chip", data: { slot: tag[1] }, text: part });
      if (part.startsWith('"') && part.length > 1) return h("b", { text: part });
      return part;
    });
  }

  const NAMES = {
    duration: "Length", generate_audio: "Sound", voice_ids: "Voices", negative_prompt: "Avoid", aspect_ratio: "Shape",
    cfg_scale: "Follow the prompt", character_orientation: "Facing follows", keep_original_sound: "Clip sound",
    start_image_url: "Start frame", end_image_url: "End frame", image_url: "Character", video_url: "Movement",
  };

  function plainValue(key, value) {
    if (key === "duration") return `${value} s`;
    if (key === "character_orientation") return value === "video" ? "The clip" : "The picture";
    if (typeof value === "boolean") return value ? "on" : "off";
    if (Array.isArray(value)) return value.length ? value.join(", ") : "none";
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  }

  function voiceChips(card) {
    const voices = card.voices?.length ? card.voices : (card.arguments?.voice_ids || []).map((id) => ({ name: id }));
    return voices.map((voice, index) =>
      h("span", { class: "stage-voice" }, h("i", { class: "stage-digit", data: { slot: index + 1 }, text: String(index + 1) }), voice.name));
  }

  const isLink = (value) => typeof value === "string" && /^(https?|data):/.test(value);

  function row(name, ...value) {
    return h("div", { class: "stage-row" }, h("dt", { text: name }), h("dd", {}, ...value));
  }

  function settingRow(card, key, value) {
    if (key === "voice_ids") return value.length ? row("Voices", ...voiceChips(card)) : row("Voices", "none");
    if (isLink(value)) return row(NAMES[key] || key, h("code", { class: "stage-link", text: value.startsWith("data:") ? "sent with the request" : value }));
    return row(NAMES[key] || key, plainValue(key, value));
  }

  function priceText(card) {
    if (card.world === "rehearsal") return "free";
    const billed = card.billed_usd_micros === null || card.billed_usd_micros === undefined ? "bill pending" : `${money(card.billed_usd_micros)} billed`;
    return `${money(card.estimate_usd_micros)} estimated, ${billed}`;
  }

  function rows(card) {
    const settings = Object.entries(card.arguments || {})
      .filter(([key, value]) => key !== "prompt" && value !== null && value !== undefined)
      .map(([key, value]) => settingRow(card, key, value));
    const made = dayAndTime(card.finished_at || card.created_at) + (card.parent ? `, from ${card.parent.label.toLowerCase()}` : "");
    return [
      row("Endpoint", h("code", { text: String(card.endpoint || "") })),
      ...settings,
      row("Made", made),
      row("Price", priceText(card)),
      ...(card.request_id ? [row("Request", h("code", { text: card.request_id }))] : []),
    ];
  }

  function frames(card) {
    const pictures = [["Start", card.start_thumb], ["End", card.end_thumb]].filter(([, url]) => url);
    if (!pictures.length) return null;
    return h("div", { class: "stage-recipe-frames" }, ...pictures.map(([name, url]) =>
      h("figure", {}, h("img", { src: url, alt: `${name} frame` }), h("figcaption", { class: "stage-tag", text: name, "aria-hidden": "true" }))));
  }

  async function copyCode(words, text) {
    const isCopied = await copy(text);
    if (isCopied) studio.notices.toast(`${words} copied.`);
    else studio.notices.problem({ title: "Not copied", sentence: "This browser does not allow it here. Select the text and copy it." });
  }

  /** What the drawer shows for one card. `onLoad()` puts the recipe into the draft. */
  function recipeNodes(card, onLoad) {
    const load = button({ class: "stage-button", text: "Load into draft" });
    const asCurl = button({ class: "stage-button", "aria-label": "Copy as cURL" }, icon("copy"), "cURL");
    const asPython = button({ class: "stage-button", "aria-label": "Copy as Python" }, icon("copy"), "Python");
    load.addEventListener("click", onLoad);
    asCurl.addEventListener("click", () => copyCode("cURL command", curl(card)));
    asPython.addEventListener("click", () => copyCode("Python code", python(card)));
    const prompt = card.arguments?.prompt || card.prompt;
    return [
      h("div", { class: "stage-recipe-acts" }, load, asCurl, asPython),
      frames(card),
      prompt ? h("p", { class: "stage-recipe-prompt" }, ...promptNodes(prompt)) : null,
      h("dl", { class: "stage-rows" }, ...rows(card)),
    ].filter(Boolean);
  }

  /** The provider's own words about a failed take, one press away. */
  function answerNodes(card) {
    const text = typeof card.reason.detail === "string" ? card.reason.detail : JSON.stringify(card.reason.detail, null, 2);
    const take = button({ class: "stage-button", "aria-label": "Copy the answer" }, icon("copy"), "Copy");
    take.addEventListener("click", () => copyCode("Answer", text));
    return [
      h("p", { class: "stage-answer-note", text: "What fal.ai answered, word for word." }),
      h("pre", { class: "stage-answer", tabindex: "0", text }),
      h("dl", { class: "stage-rows" }, ...(card.request_id ? [row("Request", h("code", { text: card.request_id }))] : [])),
      h("div", { class: "stage-recipe-acts" }, take),
    ];
  }

  studio.stageParts = Object.assign(studio.stageParts || {}, { recipeNodes, answerNodes, promptNodes });
  studio.recipe = { curl, python };
})();
