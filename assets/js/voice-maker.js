/* A new voice, from a recording to one press that costs once; it decides nothing about money. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, show } = studio.dom;
  const { post, exact } = studio.sections;
  const { voices, VoiceTrim } = studio;

  /** A new voice: recording, part, checks, sound before and after, name, consent, and one press. */
  class VoiceMaker {
    constructor(onMade) {
      this.onMade = onMade;
      this.attempt = 0;
      this.price = exact(studio.boot.prices["create-voice"].per_call);
      this.picked = h("span", { text: "Drop a recording, or choose one" });
      this.file = h("input", { type: "file", id: "voice-file", class: "only-spoken", accept: ".mp3,.wav,.mp4,.mov,audio/mpeg,audio/wav,video/mp4,video/quicktime" });
      this.trim = new VoiceTrim(() => this.stop(), () => this.check());
      this.sound = h("audio", { "aria-hidden": "true" });
      this.before = button({ class: "btn small" }, icon("play"), h("span", { text: "Before" }));
      this.after = button({ class: "btn small" }, icon("play"), h("span", { text: "After" }));
      this.clean = h("input", { type: "checkbox", id: "voice-clean" });
      this.clean.checked = true;
      this.hear = h("div", { class: "voice-hear", hidden: true }, h("label", { class: "row", for: "voice-clean" }, this.clean, "Clean it: rumble out, silent ends cut, level evened"), h("div", { class: "row" }, h("span", { class: "hint", text: "Hear it" }), this.before, this.after));
      this.checks = h("ul", { class: "checks voice-checks" });
      this.name = h("input", { class: "field", id: "voice-name", placeholder: "Marlow", maxlength: 60 });
      this.consent = h("input", { type: "checkbox", id: "voice-consent" });
      this.wrong = h("p", { class: "wrong", role: "alert", hidden: true });
      this.known = h("div", { class: "row voice-known", role: "status", hidden: true });
      this.create = button({ class: "btn paid", disabled: true }, h("span"));
      this.rehearse = button({ class: "btn free", disabled: true }, h("span", { text: "Rehearse voice · free" }));
      this.missing = h("p", { class: "hint" });
      this.node = h("section", { class: "panel voice-maker", "aria-label": "New voice" }, h("h2", { text: "New voice" }), h("p", { class: "hint", text: "One person speaking clearly, 5 to 30 s: mp3, wav, mp4 or mov. A voice costs once." }),
        h("div", { class: "stack" }, h("label", { class: "label", for: "voice-file", text: "Recording" }), h("label", { class: "voice-drop" }, icon("sound"), this.picked, this.file)), this.sound, this.trim.node, this.hear, this.checks, this.known,
        h("div", { class: "stack" }, h("label", { class: "label", for: "voice-name", text: "Name" }), this.name),
        h("div", { class: "voice-consent" }, this.consent, h("span", {}, h("label", { for: "voice-consent", text: "This person agreed to have their voice used" }), h("span", { class: "hint", text: "The cut recording is uploaded to fal.ai to make the voice." }))), this.wrong,
        h("div", { class: "row" }, this.create, this.rehearse), this.missing);
      this.listen();
      this.arm();
    }

    listen() {
      this.file.addEventListener("change", () => this.file.files[0] && this.read(this.file.files[0]));
      for (const type of ["dragenter", "dragover"]) this.node.addEventListener(type, (event) => { event.preventDefault(); this.node.classList.add("is-over"); });
      for (const type of ["dragleave", "drop"]) this.node.addEventListener(type, () => this.node.classList.remove("is-over"));
      this.node.addEventListener("drop", (event) => { event.preventDefault(); const file = event.dataTransfer?.files?.[0]; if (file) this.read(file); });
      this.clean.addEventListener("change", () => { this.stop(); this.check(); });
      for (const input of [this.name, this.consent]) input.addEventListener("input", () => this.arm());
      this.create.addEventListener("click", () => (studio.desk.hasKey() ? this.make("live") : studio.page.askForKey()));
      this.rehearse.addEventListener("click", () => this.make("rehearsal"));
      this.before.addEventListener("click", () => this.play("before"));
      this.after.addEventListener("click", () => this.play("after"));
      this.sound.addEventListener("timeupdate", () => { if (this.playing === "before" && this.sound.currentTime >= this.trim.end) this.stop(); });
      this.sound.addEventListener("ended", () => this.stop());
      studio.live.subscribe((event) => { if (event.type === "studio" || event.type === "snapshot") this.arm(); });
    }

    async read(file) {
      const ticket = (this.ticket = Symbol("read"));
      this.stop();
      setText(this.picked, file.name || "Recording");
      this.recording = null;
      this.say("");
      this.arm("Reading the recording");
      try {
        const recording = await studio.wells.upload("sound", file, () => {});
        if (this.ticket !== ticket) return;
        this.recording = recording;
        this.trim.load(recording);
        show(this.hear, true);
        if (!this.name.value) this.name.value = (file.name || "").replace(/\.[^.]*$/, "").slice(0, 60);
        await this.check();
      } catch (error) {
        if (this.ticket !== ticket) return;
        for (const node of [this.trim.node, this.hear, this.known]) show(node, false);
        this.checks.replaceChildren();
        this.say(error.message);
      }
      this.arm();
    }

    cut() { return { ref: this.recording.ref, start_s: this.trim.start, end_s: this.trim.end, clean: this.clean.checked }; }

    async check() {
      const ticket = (this.checking = Symbol("check"));
      if (!this.recording) return;
      let answer = null;
      try { answer = await post("/studio/voices/check", this.cut()); } catch (error) { if (this.checking === ticket) this.say(error.message); }
      if (this.checking !== ticket) return;
      this.isGood = Boolean(answer) && answer.checks.every((check) => check.level !== "bad");
      this.checks.replaceChildren(...(answer?.checks || []).map((check) => h("li", { class: `is-${check.level}` }, icon(check.level === "ok" ? "check" : "warning"), h("span", { text: check.text }))));
      if (answer) this.say("");
      this.drawKnown(answer?.known);
      this.arm();
    }

    drawKnown(name) {
      this.isKnown = Boolean(name);
      show(this.known, this.isKnown);
      if (!name) return;
      const use = button({ class: "btn small" }, h("span", { text: "Use it, free" }));
      const held = voices.list.find((voice) => voice.name === name && voice.world === "live");
      use.addEventListener("click", () => (held ? voices.use(held) : this.make("live")));
      this.known.replaceChildren(icon("check"), h("span", { text: `You already made this voice: ${name}.` }), use);
    }

    arm(busy = "") {
      this.busy = busy;
      const gap = busy || (!this.recording ? "Choose a recording" : !this.isGood ? "Mend what is marked above" : !this.name.value.trim() ? "Give it a name" : !this.consent.checked ? "Confirm that this person agreed" : "");
      setText(this.missing, gap);
      show(this.missing, Boolean(gap));
      const hasKey = studio.desk.hasKey();
      setText(this.create.firstChild, hasKey ? `${this.isKnown ? "Use voice · free" : `Create voice · ${this.price}`}` : `Add key to create · ${this.price}`);
      this.create.disabled = hasKey && Boolean(gap);
      this.create.classList.toggle("paid", hasKey && !this.isKnown);
      this.rehearse.disabled = Boolean(gap);
    }

    stop() {
      this.sound.pause();
      this.playing = "";
      for (const node of [this.before, this.after]) studio.dom.setIcon(node, "play");
    }

    /** The part as it was recorded, or as it would be sent. */
    async play(which) {
      const isOn = this.playing === which;
      this.stop();
      if (isOn) return;
      this.playing = which;
      const node = which === "before" ? this.before : this.after;
      try {
        const source = which === "before" ? this.recording.file : (await post("/studio/voices/audition", this.cut())).file;
        if (this.playing !== which) return;
        if (this.sound.getAttribute("src") !== source) this.sound.src = source;
        this.sound.currentTime = which === "before" ? this.trim.start : 0;
        studio.dom.setIcon(node, "pause");
        await this.sound.play();
      } catch (error) { if (this.playing === which) { this.stop(); if (error.name !== "AbortError") this.say(error.message); } }
    }

    async make(world) {
      this.stop();
      this.arm(world === "live" ? "Making the voice at fal.ai" : "Rehearsing the voice");
      const body = { ...this.cut(), name: this.name.value.trim() || "Voice", world, has_consent: this.consent.checked || this.isKnown };
      // A voice that came to nothing may be tried again; the studio itself knows a recording that is under way.
      body.key = `page:${studio.boot.home_id}:voice:${studio.desk.digest(JSON.stringify(body))}:${this.attempt}`;
      try {
        const answer = await post("/studio/voices", body);
        this.say("");
        const words = answer.is_known ? `You already made this voice: ${answer.voice.name}. It cost nothing.` : `${answer.voice.name} is ready.`;
        studio.notices.toast(words, { action: { label: "Use in draft", run: () => voices.use(answer.voice) } });
        await this.onMade();
        await this.check();
      } catch (error) {
        this.attempt += 1;
        this.say(error.message);
      }
      this.arm();
    }

    say(sentence) { setText(this.wrong, sentence); show(this.wrong, Boolean(sentence)); }
  }

  studio.VoiceMaker = VoiceMaker;
})();
