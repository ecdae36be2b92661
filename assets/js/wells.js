/* The wells: where a picture or a clip is dropped, pasted or chosen, checked by the server, and shown. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, show, setText, clamp } = studio.dom;

  const WORDS = {
    start_image_url: { title: "Start frame", tag: "Start", help: ["Drop, paste or choose.", "300 px or more each side."], kind: "picture" },
    end_image_url: { title: "End frame", tag: "End", help: ["Optional. Drop a picture,", "or send one from a take."], kind: "picture" },
    image_url: { title: "Character", tag: "Character", help: ["The whole figure, in the clear.", "More than 5 % of the picture."], kind: "picture" },
    video_url: { title: "Movement", tag: "Movement", help: ["A clip of one figure, head visible.", "mp4 or mov, 3 to 30 s."], kind: "clip" },
  };
  const ACCEPT = { picture: "image/jpeg,image/png,image/webp,image/gif,image/avif,image/heic,image/heif,.heic,.heif", clip: "video/mp4,video/quicktime,.mp4,.mov" };
  const HEADINGS = { "image-to-video": "Frames" };

  /** Send one file; resolves with the server's facts, or throws an Error whose message is a sentence for a person. */
  function upload(kind, file, onProgress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `/studio/inputs?kind=${kind}`);
      request.setRequestHeader("X-Studio", "1");
      request.setRequestHeader("X-File-Name", encodeURIComponent(file.name || "pasted"));
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
      request.onload = () => {
        let answer = {};
        try { answer = JSON.parse(request.responseText); } catch { /* not JSON: the sentence below stands */ }
        if (request.status < 300 && !answer.error) resolve(answer);
        else reject(new Error(answer.error?.sentence || "The studio could not read this file. Nothing was sent. Choose another."));
      };
      request.onerror = () => reject(new Error("Connection to the studio lost. The file was not read. Choose it again."));
      request.send(file);
    });
  }

  function facts(file) {
    if (!file) return "";
    const parts = [file.name, file.duration_s ? `${file.duration_s.toFixed(1)} s` : `${file.width_px}×${file.height_px}`];
    return parts.filter(Boolean).join(", ");
  }

  class Well {
    constructor(room, name) {
      this.room = room;
      this.name = name;
      this.words = WORDS[name] || { title: name, tag: name, help: ["Drop or choose a file.", ""], kind: "picture" };
      this.input = h("input", { type: "file", accept: ACCEPT[this.words.kind], class: "only-spoken", tabindex: "-1", "aria-hidden": "true", data: { well: name } });
      this.pick = button({ class: "well-pick", "aria-label": `${this.words.title}: choose a file` },
        h("span", { class: "well-title", text: this.words.title }),
        ...this.words.help.map((line) => h("span", { class: "hint", text: line })));
      this.picture = h("img", { alt: "", class: "well-picture" });
      this.tag = h("span", { class: "well-tag", text: this.words.tag });
      this.caption = h("span", { class: "well-name" });
      this.remove = button({ class: "btn icon small well-remove", "aria-label": `Remove ${this.words.title.toLowerCase()}` }, icon("close"));
      this.strip = h("div", { class: "well-strip" }, this.caption, this.remove);
      this.progress = h("div", { class: "well-progress" }, h("i"));
      this.reading = h("div", { class: "well-reading", role: "status", hidden: true }, h("span", { text: "" }), this.progress);
      this.wrong = h("p", { class: "wrong", role: "alert", hidden: true, id: `${room.mode}--${name}-wrong` });
      this.note = h("p", { class: "hint", hidden: true });
      this.box = h("div", { class: "well", data: { name } }, this.pick, this.picture, this.tag, this.strip, this.reading, this.input);
      this.node = h("div", { class: "well-cell" }, this.box, this.wrong, this.note);
      this.listen();
      this.draw(null);
    }

    listen() {
      this.pick.addEventListener("click", () => this.input.click());
      this.picture.addEventListener("click", () => this.input.click());
      this.input.addEventListener("change", () => { if (this.input.files[0]) this.take(this.input.files[0]); this.input.value = ""; });
      this.remove.addEventListener("click", () => { this.room.set(this.name, null); this.pick.focus(); });
      for (const type of ["dragenter", "dragover"]) this.box.addEventListener(type, (event) => { event.preventDefault(); this.box.classList.add("is-over"); });
      for (const type of ["dragleave", "drop"]) this.box.addEventListener(type, () => this.box.classList.remove("is-over"));
      this.box.addEventListener("drop", (event) => { event.preventDefault(); const file = event.dataTransfer?.files?.[0]; if (file) this.take(file); });
    }

    async take(file) {
      const ticket = (this.ticket = Symbol("upload"));
      this.complain("");
      show(this.reading, true);
      setText(this.reading.firstChild, this.words.kind === "clip" ? "Reading clip" : "Reading picture");
      try {
        const answer = await upload(this.words.kind, file, (share) => { this.progress.firstChild.style.width = `${Math.round(share * 100)}%`; });
        if (this.ticket === ticket) this.room.set(this.name, answer);
      } catch (error) {
        if (this.ticket === ticket) this.complain(error.message);
      } finally {
        if (this.ticket === ticket) show(this.reading, false);
      }
    }

    complain(sentence) {
      setText(this.wrong, sentence);
      show(this.wrong, Boolean(sentence));
      this.box.classList.toggle("is-wrong", Boolean(sentence));
    }

    draw(file) {
      const isFilled = Boolean(file);
      this.box.classList.toggle("is-filled", isFilled);
      for (const node of [this.picture, this.tag, this.strip]) show(node, isFilled);
      show(this.pick, !isFilled);
      if (isFilled && this.picture.getAttribute("src") !== file.thumb) { this.picture.src = file.thumb; this.picture.alt = `${this.words.title}: ${file.name || "from a take"}`; }
      setText(this.caption, facts(file));
      setText(this.note, (file?.changes || []).join(" · "));
      show(this.note, Boolean(file?.changes?.length));
      if (isFilled) this.complain("");
    }
  }

  class Wells {
    constructor(element, { props, watch, fire }) {
      Object.assign(this, { props, fire });
      this.mode = props.value.mode;
      this.wells = new Map(props.value.names.map((name) => [name, new Well(this, name)]));
      this.caution = h("p", { class: "caution", hidden: true });
      const cells = [...this.wells.values()].map((well) => well.node);
      const row = h("div", { class: "wells-row" }, ...cells);
      if (this.wells.has("end_image_url")) row.append(this.swapButton());
      const section = h("section", { class: "wells", "aria-label": HEADINGS[this.mode] || "Files" }, h("h2", { class: "label", text: HEADINGS[this.mode] || "Character and movement" }), row, this.caution);
      element.replaceChildren(...(this.wells.size ? [section] : []));
      if (this.wells.has("video_url")) { this.trim = studio.trim.mount(this); section.append(this.trim.node); }
      this.problems = new Map();
      this.draw();
      watch("value", () => this.draw());
      element.addEventListener("paste", (event) => this.paste(event));
      studio.desk.register(this.mode, "files", this);
    }

    get files() { return this.props.value.files || {}; }

    set(name, file) {
      this.props.value = { ...this.props.value, files: { ...this.files, [name]: file } };
      this.draw();
      this.fire.change();
    }

    swapButton() {
      const swap = button({ class: "well-swap", "aria-label": "Swap start and end frame", title: "Swap start and end" }, icon("swap"));
      swap.addEventListener("click", () => {
        const { start_image_url: start, end_image_url: end } = this.files;
        this.props.value = { ...this.props.value, files: { ...this.files, start_image_url: end || null, end_image_url: start || null } };
        this.draw();
        this.fire.change();
      });
      return swap;
    }

    paste(event) {
      const file = [...(event.clipboardData?.files || [])][0];
      if (!file) return;
      const free = [...this.wells.values()].find((well) => !this.files[well.name] && (well.words.kind === "clip") === file.type.startsWith("video/"));
      if (free) { event.preventDefault(); free.take(file); }
    }

    complain(name, sentence) { this.wells.get(name)?.complain(sentence); }
    caution_(sentence) { setText(this.caution, sentence); show(this.caution, Boolean(sentence)); }
    focus(name) { (this.wells.get(name) || [...this.wells.values()][0]).pick.focus(); }

    draw() {
      for (const [name, well] of this.wells) well.draw(this.files[name] || null);
      this.trim?.draw(this.files.video_url || null);
      this.caution_("");
    }
  }

  studio.islands = studio.islands || {};
  studio.islands.wells = (element, gates) => new Wells(element, gates);
  studio.wells = { upload, clamp };
})();
