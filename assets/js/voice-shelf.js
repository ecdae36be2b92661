/* The voices that the studio knows, and their two slots in the draft; draws nothing. */
(function () {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const { get } = studio.sections;
  const VOICED = "image-to-video";

  const voices = { list: [] };
  studio.voices = voices;
  async function loadVoices() {
    try {
      voices.list = (await get("/studio/voices")).voices;
      dispatchEvent(new CustomEvent("studio:voices"));
    } catch { /* the connection line says so */ }
    return voices.list;
  }

  const draftVoices = () => studio.desk.value(VOICED, "voice_ids") || [];

  /** Put a voice into a slot of the draft, the first free one where none is named, and show the desk. */
  function useVoice(voice, slot = draftVoices()[0] ? 1 : 0) {
    const next = [draftVoices()[0] || "", draftVoices()[1] || ""];
    if (next[1 - slot] === voice.voice_id) next[1 - slot] = "";
    next[slot] = voice.voice_id;
    putVoices(next);
    studio.desk.open(VOICED);
    studio.page.write();
    studio.notices.announce(`${voice.name} is voice ${slot + 1}`);
  }

  function putVoices(ids) {
    const kept = [...ids];
    while (kept.length && !kept[kept.length - 1]) kept.pop();
    studio.desk.put(VOICED, { script: { voice_ids: kept } });
  }

  Object.assign(voices, { VOICED, load: loadVoices, inDraft: draftVoices, use: useVoice, put: putVoices });
  loadVoices(); // needs no page: whoever is there later reads the list, whoever is there already is told
})();
