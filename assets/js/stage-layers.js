/* What opens above the Stage: one menu and one drawer, each closing with Esc and giving the focus back. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { h, button, icon, setText, isPhone, clamp } = studio.dom;

  const MARGIN_PX = 8;

  /* The top layer frees a layer from every ancestor's clipping; where it is missing, position: fixed alone has to do. */
  function raise(node) {
    node.classList.add("is-open");
    if (node.showPopover && !node.matches(":popover-open")) node.showPopover();
  }

  function lower(node) {
    if (node.hidePopover && node.matches(":popover-open")) node.hidePopover();
    node.classList.remove("is-open");
  }

  function menuItem(item) {
    const kind = item.checked === undefined ? "menuitem" : "menuitemcheckbox";
    const props = { class: "stage-menu-item", role: kind, tabindex: "-1", data: { item: item.id } };
    if (item.checked !== undefined) props["aria-checked"] = String(item.checked);
    const body = [
      icon(item.icon),
      h("span", {}, h("b", { text: item.label }), item.hint ? h("small", { text: item.hint }) : null),
    ];
    if (item.href) return h("a", { ...props, href: item.href, download: item.download || "" }, ...body);
    return button(props, ...body);
  }

  function createMenu() {
    const root = h("div", { class: "stage-menu", role: "menu", popover: "manual" });
    let opener = null;
    let items = [];
    let openedAt = 0;

    const nodes = () => [...root.querySelectorAll(".stage-menu-item")];

    function close(isFocusBack = true) {
      if (!opener) return;
      lower(root);
      opener.setAttribute("aria-expanded", "false");
      if (isFocusBack) opener.focus();
      opener = null;
    }

    function place() {
      root.style.cssText = "";
      if (isPhone()) return;
      const from = opener.getBoundingClientRect();
      const bar = [...document.querySelectorAll(".cost")].find((one) => one.offsetHeight); // one a mode, one shown
      const floor = (bar ? bar.getBoundingClientRect().top : innerHeight) - MARGIN_PX;
      const { offsetWidth: width, offsetHeight: height } = root;
      const below = from.bottom + 4;
      const top = below + height <= floor ? below : from.top - height - 4;
      root.style.left = `${clamp(from.left, MARGIN_PX, innerWidth - width - MARGIN_PX)}px`;
      root.style.top = `${Math.max(MARGIN_PX, top)}px`;
    }

    /** A sheet stays put; a menu beside its button closes once that button has scrolled away from it. */
    function follow() {
      if (opener && !isPhone() && Math.abs(opener.getBoundingClientRect().top - openedAt) > 40) close(false);
    }

    function open(from, label, list) {
      if (opener === from) return close();
      close(false);
      opener = from;
      items = list;
      root.setAttribute("aria-label", label);
      root.replaceChildren(
        ...list.flatMap((item) => (item.isApart ? [h("hr", { role: "separator" }), menuItem(item)] : [menuItem(item)])),
      );
      raise(root);
      place();
      openedAt = from.getBoundingClientRect().top;
      from.setAttribute("aria-expanded", "true");
      return nodes()[0]?.focus();
    }

    function move(event) {
      const all = nodes();
      const here = all.indexOf(document.activeElement);
      const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
      if (to !== undefined) all[(to + all.length) % all.length]?.focus();
      return to !== undefined;
    }

    root.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Tab") return close();
      if (event.key === "Escape") close();
      else if (event.key === " " && document.activeElement.href) document.activeElement.click();
      else if (!move(event)) return undefined;
      return event.preventDefault();
    });
    root.addEventListener("click", (event) => {
      const item = items.find((one) => one.id === event.target.closest("[data-item]")?.dataset.item);
      if (!item) return;
      close();
      item.run?.();
    });
    document.addEventListener("pointerdown", (event) => {
      if (opener && !root.contains(event.target) && !opener.contains(event.target)) close(false);
    });
    window.addEventListener("resize", () => close(false));
    window.addEventListener("scroll", follow, { capture: true, passive: true });

    return { root, open, close };
  }

  function createDrawer() {
    const title = h("h2", { class: "stage-drawer-title", id: "stage-drawer-title", tabindex: "-1" });
    const shut = button({ class: "stage-icon stage-drawer-close", "aria-label": "Close" }, icon("close"));
    const body = h("div", { class: "stage-drawer-body" });
    const root = h(
      "div",
      { class: "stage-drawer", role: "dialog", "aria-labelledby": "stage-drawer-title", popover: "manual" },
      h("div", { class: "stage-drawer-head" }, title, shut),
      body,
    );
    let opener = null;

    function close() {
      if (!root.classList.contains("is-open")) return;
      lower(root);
      opener?.focus?.();
      opener = null;
    }

    function open(from, heading, children) {
      opener = from || document.activeElement;
      setText(title, heading);
      body.replaceChildren(...children);
      body.scrollTop = 0;
      raise(root);
      title.focus();
    }

    shut.addEventListener("click", close);
    root.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") close();
    });

    return { root, open, close, isOpen: () => root.classList.contains("is-open") };
  }

  studio.stageParts = Object.assign(studio.stageParts || {}, { createMenu, createDrawer });
})();
