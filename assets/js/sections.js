/* What the sections beside the Studio share: asking the server, complaining, and drawing only while shown. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const post = (path, body) => studio.desk.post(path, body);

  async function get(path) {
    const answer = await fetch(path, { headers: { "X-Studio": "1" }, cache: "no-store" });
    if (!answer.ok) throw new Error("The studio did not answer. Nothing was changed.");
    return answer.json();
  }

  const complain = (error) => studio.notices.toast(error.message, { tone: "stop" });
  const exact = (micros) => (micros == null ? "" : studio.price.exact(micros));

  /** Call `show` whenever the section comes into view, and at most once a second while takes change. */
  function whenShown(root, redraw) {
    let timer = 0;
    const isShown = () => root.offsetParent !== null;
    new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && redraw()).observe(root);
    studio.live.subscribe((event) => {
      if (!["take", "snapshot", "gone"].includes(event.type) || timer) return;
      timer = setTimeout(() => { timer = 0; if (isShown()) redraw(); }, 1000);
    });
  }

  studio.sections = { get, post, complain, exact, whenShown };
  studio.islands = studio.islands || {};
})();
