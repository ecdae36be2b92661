/* The price of a draft from the table that the server sends, in integer micro-dollars; mirrors studio/catalog/pricing.py. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});

  /** Micro-dollars for a length: whole milliseconds, rounded up. */
  function amount(perSecond, seconds) {
    return Math.ceil((perSecond * Math.round(seconds * 1000)) / 1000);
  }

  /**
   * Price `values` (API parameter names) in `mode`. `clipSeconds` where a clip's length is billed.
   * Returns {usd_micros, rate, duration_s, parts: [{label, usd_micros}]}, or null while a length is unknown.
   */
  function quote(mode, values, clipSeconds) {
    const rule = studio.boot.prices[mode];
    if (!rule) return null;
    if (rule.per_call) return { usd_micros: rule.per_call, rate: rule.per_call, duration_s: null, parts: [{ label: "Voice", usd_micros: rule.per_call }] };
    const seconds = rule.clip_param ? clipSeconds : Number(values.duration || "5");
    if (!(seconds > 0)) return null;
    const rates = [["Picture", rule.picture]];
    if (rule.sound && values.generate_audio !== false) {
      rates.push(["Sound", rule.sound]);
      if (rule.voices && (values.voice_ids || []).length) rates.push(["Voices", rule.voices]);
    }
    const rate = rates.reduce((sum, [, part]) => sum + part, 0);
    return {
      usd_micros: amount(rate, seconds),
      rate,
      duration_s: seconds,
      parts: rates.map(([label, part]) => ({ label, usd_micros: amount(part, seconds) })),
    };
  }

  /** A rate with all its digits: "$0.168". */
  function exact(micros) {
    const digits = (micros / 1e6).toFixed(6).replace(/0+$/, "");
    const [whole, rest = ""] = digits.split(".");
    return `$${whole}.${rest.padEnd(2, "0")}`;
  }

  studio.price = { quote, exact };
})();
