/* The Spend section: today, the limits, and the ledger by take; every sum is the server's. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, money, setText, dayAndTime } = studio.dom;
  const { get, post, complain, exact, whenShown } = studio.sections;

  const CHARGES = { free: "Free", held: "Held", billed: "Billed", not_billed: "Not billed", may_be_billed: "May be billed" };

  class SpendPage {
    constructor(root) {
      this.top = h("div", { class: "grid-2" });
      this.modes = h("tbody");
      this.rows = h("tbody");
      const csv = h("a", { class: "btn small", href: "/studio/spend.csv", download: "spend.csv" }, icon("download"), h("span", { text: "CSV" }));
      root.replaceChildren(h("div", { class: "page" }, h("h1", { text: "Spend" }), this.top,
        h("section", { class: "panel", "aria-label": "By mode" }, h("h2", { text: "By mode" }), h("div", { class: "table-scroll" }, h("table", { class: "ledger" }, h("thead", {}, h("tr", {}, ...["Mode", "Takes", "Estimated", "Billed"].map((title, index) => h("th", { class: index ? "amount" : "", text: title })))), this.modes))),
        h("section", { class: "panel", "aria-label": "Ledger" }, h("div", { class: "row is-apart" }, h("h2", { text: "Ledger" }), csv), h("div", { class: "table-scroll" }, h("table", { class: "ledger" }, h("thead", {}, h("tr", {}, h("th", { text: "When" }), h("th", { text: "Take" }), h("th", { class: "wide", text: "What" }), h("th", { class: "amount", text: "Estimated" }), h("th", { class: "amount", text: "Billed" }), h("th", { class: "amount wide", text: "Difference" }), h("th", { text: "Money" }))), this.rows)))));
      whenShown(root, () => this.load());
    }

    async load() {
      try { this.draw(await get("/studio/spend")); } catch (error) { complain(error); }
    }

    draw(data) {
      const most = Math.max(1, ...data.days.map((day) => day.spent));
      const bars = h("div", { class: "bars", role: "img", "aria-label": `Last ${data.days.length} days: ${data.days.map((day) => `${day.day} ${money(day.spent)}`).join(", ")}` }, ...data.days.map((day) => h("i", { class: day.spent ? "" : "is-none", title: `${day.day}: ${money(day.spent)}`, style: { height: `${Math.max(2, (day.spent / most) * 100)}%` } })));
      const today = h("section", { class: "panel", "aria-label": "Today" }, h("h2", { text: "Today" }), h("div", { class: "big num", text: money(data.today.spent) }), h("p", { class: "hint num", text: `${money(data.today.held)} held · ${data.today.limit == null ? "no limit" : `limit ${money(data.today.limit)}`} · this month ${money(data.month)}` }), bars);
      if (this.isTyping) this.top.firstElementChild.replaceWith(today); // what is being typed into the limits stays
      else this.top.replaceChildren(today, this.limits(data));
      this.modes.replaceChildren(...data.modes.map((mode) => h("tr", {}, h("td", { text: mode.title }), h("td", { class: "amount", text: String(mode.takes) }), h("td", { class: "amount", text: exact(mode.estimate) }), h("td", { class: "amount", text: exact(mode.billed) }))));
      this.rows.replaceChildren(...(data.rows.length ? data.rows.map((row) => this.row(row)) : [h("tr", {}, h("td", { colspan: 7, class: "hint", text: "Nothing spent yet." }))]));
    }

    row(row) {
      const difference = row.billed == null ? null : row.billed - row.estimate;
      const name = row.take_id ? button({ class: "btn small quiet", text: row.label }) : h("span", { text: row.label });
      if (row.take_id) name.addEventListener("click", () => { studio.live.select(row.take_id); studio.page.section("studio"); studio.page.watch(); });
      return h("tr", {}, h("td", { class: "num", text: dayAndTime(row.at) }), h("td", {}, name), h("td", { class: "wide", text: row.what }), h("td", { class: "amount", text: exact(row.estimate) }), h("td", { class: "amount", text: row.billed == null ? "pending" : exact(row.billed) }), h("td", { class: `amount wide${difference > 0 ? " is-over" : ""}`, text: difference == null ? "" : difference === 0 ? "–" : (difference > 0 ? "+" : "−") + exact(Math.abs(difference)) }), h("td", { text: row.note || CHARGES[row.charge] || row.charge }));
    }

    limits({ limits }) {
      const fields = [["day", "A day"], ["session", "A session"], ["take", "One take"], ["ask_again", "Ask again above"]];
      const inputs = Object.fromEntries(fields.map(([key]) => [key, h("input", { class: "field num", id: `limit-${key}`, inputmode: "decimal", value: limits[key] == null ? "" : (limits[key] / 1e6).toFixed(2), placeholder: "no limit" })]));
      for (const input of Object.values(inputs)) input.addEventListener("input", () => { this.isTyping = true; });
      const save = button({ class: "btn" }, h("span", { text: "Save limits" }));
      save.addEventListener("click", async () => {
        try { await post("/studio/limits", Object.fromEntries(fields.map(([key]) => [key, inputs[key].value.trim()]))); this.isTyping = false; studio.notices.toast("Limits saved"); await this.load(); } catch (error) { complain(error); }
      });
      const check = button({ class: "btn quiet" }, h("span", { text: "Check prices at fal.ai" }));
      const found = h("p", { class: "hint", role: "status" });
      check.addEventListener("click", async () => { try { setText(found, (await post("/studio/prices/check", {})).sentence); } catch (error) { setText(found, error.message); } });
      return h("section", { class: "panel", "aria-label": "Limits" }, h("h2", { text: "Limits, in dollars" }), h("div", { class: "limits" }, ...fields.map(([key, title]) => h("label", { for: `limit-${key}` }, title, inputs[key]))), h("p", {}), h("div", { class: "row" }, save, studio.desk.hasKey() ? check : null), found);
    }
  }

  studio.islands.spend = (root) => new SpendPage(root);
})();
