/* Small DOM and formatting tools shared by every room of the page; holds no state and never parses user text as HTML. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});

  const NAMED = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;", "$": "&#36;" };

  /** Escape text for an HTML string; `$` too, because gr.HTML evaluates its rendered output as a template literal. */
  function esc(text) {
    return String(text ?? "").replace(/[&<>"'`$]/g, (mark) => NAMED[mark]);
  }

  /* Drawn on a 20 px grid, 1.6 px stroke, current colour. Constant strings only. */
  const SHAPES = {
    star: '<path d="M10 2.6l2.3 4.7 5.1.7-3.7 3.6.9 5.1L10 14.3l-4.6 2.4.9-5.1L2.6 8l5.1-.7z"/>',
    more: '<g fill="currentColor" stroke="none"><circle cx="4" cy="10" r="1.6"/><circle cx="10" cy="10" r="1.6"/><circle cx="16" cy="10" r="1.6"/></g>',
    sound: '<path d="M3 7.7v4.6h2.9L10 15.6V4.4L5.9 7.7zM13 7.6a3.6 3.6 0 010 4.8M15.4 5.3a6.8 6.8 0 010 9.4"/>',
    muted: '<path d="M3 7.7v4.6h2.9L10 15.6V4.4L5.9 7.7zM13.2 8l4 4M17.2 8l-4 4"/>',
    silent: '<rect x="3" y="4.4" width="14" height="11.2" rx="1.4"/><path d="M6.4 4.4v11.2M13.6 4.4v11.2M3 8.1h3.4M3 11.9h3.4M13.6 8.1H17M13.6 11.9H17M6.4 10h7.2"/>',
    back: '<path d="M5.2 4.6v10.8M14.8 4.9L8.2 10l6.6 5.1z"/>',
    forward: '<path d="M14.8 4.6v10.8M5.2 4.9L11.8 10l-6.6 5.1z"/>',
    play: '<path d="M6.2 3.9v12.2L16 10z" fill="currentColor" stroke-linejoin="round"/>',
    pause: '<path d="M7 4.6v10.8M13 4.6v10.8" stroke-width="2.6"/>',
    loop: '<path d="M15.9 7.4A6.4 6.4 0 004.2 7.6M4.1 12.6a6.4 6.4 0 0011.7-.2M16.4 3.9v3.7h-3.7M3.6 16.1v-3.7h3.7"/>',
    full: '<path d="M3.6 7.4V3.6h3.8M12.6 3.6h3.8v3.8M16.4 12.6v3.8h-3.8M7.4 16.4H3.6v-3.8"/>',
    start: '<path d="M3.2 3.8v12.4M17 10H6.6M10.4 6.2L6.6 10l3.8 3.8"/>',
    end: '<path d="M16.8 3.8v12.4M3 10h10.4M9.6 6.2l3.8 3.8-3.8 3.8"/>',
    tweak: '<path d="M2.8 6.4h6.4M13.4 6.4h3.8M2.8 13.6h3.8M10.8 13.6h6.4"/><circle cx="11.3" cy="6.4" r="2.1"/><circle cx="8.7" cy="13.6" r="2.1"/>',
    compare: '<rect x="2.8" y="4" width="6" height="12" rx="1"/><rect x="11.2" y="4" width="6" height="12" rx="1"/>',
    download: '<path d="M10 3v9.6M6 8.9l4 4 4-4M3.6 16.6h12.8"/>',
    recipe: '<path d="M5 2.8h6.6L15.4 6.6v10.6H5zM11.4 2.8v4h4M7.6 10.4h5.2M7.6 13.4h5.2"/>',
    chevron: '<path d="M6 8l4 4 4-4"/>',
    right: '<path d="M8 5.4l4.6 4.6L8 14.6"/>',
    close: '<path d="M5 5l10 10M15 5L5 15"/>',
    copy: '<rect x="6.8" y="6.8" width="10" height="10" rx="1.4"/><path d="M13.2 6.8V3.2h-10v10h3.6"/>',
    warning: '<path d="M10 3.2L18 16.6H2zM10 8.2v3.9M10 14.2v.3"/>',
    question: '<circle cx="10" cy="10" r="7.2"/><path d="M7.9 8a2.2 2.2 0 114 1.2c-.6.8-1.9 1.1-1.9 2.4M10 14v.3"/>',
    key: '<circle cx="6.6" cy="13.2" r="3.3"/><path d="M9 10.8l7.2-7.2M13.4 6.4l2.4 2.4"/>',
    check: '<path d="M4 10.6l4 4L16.2 6"/>',
    captions: '<path d="M3.4 5.6h13.2M3.4 10h13.2M3.4 14.4h8"/>',
    frame: '<rect x="2.8" y="4" width="14.4" height="12" rx="1.4"/><path d="M2.8 13.2l4-3.7 3.6 3 2.6-2 4.2 3.4"/><circle cx="12.9" cy="7.4" r="1.1"/>',
    swap: '<path d="M3.4 7.2h12.2M12.2 3.8l3.4 3.4-3.4 3.4M16.6 12.8H4.4M7.8 9.4l-3.4 3.4 3.4 3.4"/>',
    plus: '<path d="M10 4v12M4 10h12"/>',
    grip: '<g fill="currentColor" stroke="none"><circle cx="7.4" cy="5" r="1.3"/><circle cx="12.6" cy="5" r="1.3"/><circle cx="7.4" cy="10" r="1.3"/><circle cx="12.6" cy="10" r="1.3"/><circle cx="7.4" cy="15" r="1.3"/><circle cx="12.6" cy="15" r="1.3"/></g>',
    sun: '<circle cx="10" cy="10" r="3.4"/><path d="M10 2.6v1.8M10 15.6v1.8M2.6 10h1.8M15.6 10h1.8M4.8 4.8l1.2 1.2M14 14l1.2 1.2M15.2 4.8L14 6M6 14l-1.2 1.2"/>',
    bin: '<path d="M3.6 5.6h12.8M8 5.4V3.4h4v2M5.4 5.8l.8 11h7.6l.8-11"/>',
  };

  const cut = document.createElement("template");

  /** An inline SVG by name, hidden from assistive technology: the control beside it carries the words. */
  function icon(name) {
    cut.innerHTML = `<svg viewBox="0 0 20 20" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" data-icon="${name}">${SHAPES[name]}</svg>`;
    return cut.content.firstChild.cloneNode(true);
  }

  function setProp(node, key, value) {
    if (key === "class") node.className = value;
    else if (key === "text") node.textContent = value;
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key === "style") for (const [name, one] of Object.entries(value)) node.style.setProperty(name, one);
    else if (value === true) node.setAttribute(key, "");
    else node.setAttribute(key, value);
  }

  /** Build one element. Children are nodes or text (never HTML); null and false are left out. */
  function h(tag, props, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(props || {})) {
      if (value !== null && value !== undefined && value !== false) setProp(node, key, value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  }

  function button(props, ...children) {
    return h("button", { type: "button", ...props }, ...children);
  }

  /** A CSS url() whose quotes cannot be left from inside the address. */
  const cssUrl = (url) => `url(${JSON.stringify(String(url))})`;

  /* Patching: a write only where something differs, so that focus, playback and assistive tech stay undisturbed. */
  function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function setAttr(node, name, value) {
    if (value === null || value === undefined || value === false) {
      if (node.hasAttribute(name)) node.removeAttribute(name);
    } else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
  }

  function show(node, isShown) {
    if (node.hidden === isShown) node.hidden = !isShown;
  }

  function setIcon(node, name) {
    const old = node.querySelector("svg");
    if (old && old.dataset.icon === name) return;
    if (old) old.replaceWith(icon(name));
    else node.prepend(icon(name));
  }

  /** Replace children only when `signature` changed since the last call for this node. */
  function patchChildren(node, signature, build) {
    if (node.__signature === signature) return false;
    node.__signature = signature;
    node.replaceChildren(...build());
    return true;
  }

  /** Integer micro-dollars as "$0.84"; sums below one cent keep their exact digits, "$0.007". */
  function money(micros) {
    const whole = Math.round(Number(micros) || 0);
    if (whole % 10000 !== 0 && Math.abs(whole) < 10000) return "$" + (whole / 1e6).toFixed(6).replace(/0+$/, "");
    return "$" + (Math.round(whole / 10000) / 100).toFixed(2);
  }

  const two = (number) => String(number).padStart(2, "0");

  /** Seconds as "00:02.30". */
  function timecode(seconds) {
    const hundredths = Math.max(0, Math.round((Number(seconds) || 0) * 100));
    return `${two(Math.floor(hundredths / 6000))}:${two(Math.floor(hundredths / 100) % 60)}.${two(hundredths % 100)}`;
  }

  /** Seconds as a running clock, "0:52" or "1:02:09". */
  function clock(seconds) {
    const whole = Math.max(0, Math.floor(Number(seconds) || 0));
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    return (hours ? `${hours}:${two(minutes)}` : String(minutes)) + ":" + two(whole % 60);
  }

  /** Seconds in words, "1 min 23 s"; under ten seconds with one decimal. */
  function spell(seconds) {
    const value = Number(seconds) || 0;
    if (value < 10) return `${value.toFixed(1)} s`;
    const whole = Math.round(value);
    const minutes = Math.floor(whole / 60);
    return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
  }

  /** Decimal megabytes, the unit that download pages and phones show. */
  function megabytes(bytes) {
    return (Number(bytes) / 1e6).toFixed(1);
  }

  const moment = (iso) => (iso ? new Date(iso) : null);

  function timeOfDay(iso) {
    const at = moment(iso);
    return at ? `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}` : "";
  }

  function dayAndTime(iso) {
    const at = moment(iso);
    if (!at) return "";
    const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
    return `${day}, ${two(at.getHours())}:${two(at.getMinutes())}`;
  }

  /** Preferences in local storage; private windows may refuse it, so every access may fail in silence. */
  const keep = {
    get(name, fallback) {
      try {
        return localStorage.getItem("studio." + name) ?? fallback;
      } catch {
        return fallback;
      }
    },
    set(name, value) {
      try {
        localStorage.setItem("studio." + name, value);
      } catch {
        /* not kept: the choice lasts until the page closes */
      }
    },
  };

  /** Copy text; returns whether it worked. Plain http on a home network has no clipboard API, hence the old way too. */
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = h("textarea", { readonly: true, style: { position: "fixed", opacity: "0" } });
      area.value = text;
      const before = document.activeElement;
      document.body.append(area);
      area.select();
      const isCopied = document.execCommand("copy");
      area.remove();
      before?.focus?.();
      return isCopied;
    }
  }

  const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const isPhone = () => matchMedia("(max-width: 760px)").matches;
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  studio.dom = {
    esc, h, button, icon, setText, setAttr, show, setIcon, patchChildren, cssUrl, keep, copy, clamp, isCalm, isPhone,
    money, timecode, clock, spell, megabytes, timeOfDay, dayAndTime, moment,
  };
})();
