"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const samples = [...document.querySelectorAll("details.sample")];
  const cells = [...document.querySelectorAll("button.pick")];
  const [filters, q, mistakes, reviews] = ["filters", "q", "only-mistakes", "only-reviews"].map(byId);
  const [slice, picked, shown, nothing] = ["slice", "picked", "shown", "nothing"].map(byId);
  const texts = new Map();
  let cell = null;

  const textOf = (sample) => {
    if (!texts.has(sample)) {
      const parts = [...sample.querySelectorAll(".find")].map((part) => part.textContent);
      texts.set(sample, parts.join("\n").toLowerCase());
    }
    return texts.get(sample);
  };

  const matches = (sample, words) => {
    const data = sample.dataset;
    if (mistakes.checked && !("mistake" in data)) return false;
    if (reviews.checked && !("review" in data)) return false;
    if (slice && slice.value && !data.tags.split(" ").includes(slice.value)) return false;
    if (cell && (data.e !== cell.dataset.e || data.g !== cell.dataset.g)) return false;
    return words.every((word) => textOf(sample).includes(word));
  };

  const apply = () => {
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const sample of samples) {
      sample.hidden = !matches(sample, words);
      n += sample.hidden ? 0 : 1;
    }
    const all = samples.length;
    shown.textContent = n === all ? `${all} ${all === 1 ? "trial" : "trials"}` : `${n} of ${all} trials`;
    nothing.hidden = n > 0;
    picked.hidden = !cell;
    picked.textContent = cell ? `${cell.dataset.name}  ✕` : "";
    picked.setAttribute("aria-label", cell ? `stop showing only ${cell.dataset.name}` : "");
    for (const one of cells) one.setAttribute("aria-pressed", String(one === cell));
  };

  const reset = () => {
    filters.reset();
    cell = null;
    apply();
  };

  const follow = () => {
    const target = /^#s\d/.test(location.hash) ? byId(location.hash.slice(1)) : null;
    if (!target) return;
    const sample = target.closest("details.sample");
    if (sample.hidden) reset();
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    target.scrollIntoView();
  };

  let waiting = 0;
  q.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  for (const control of [mistakes, reviews, slice]) if (control) control.addEventListener("change", apply);
  filters.addEventListener("submit", (event) => event.preventDefault());
  for (const one of cells) {
    one.addEventListener("click", () => {
      cell = cell === one ? null : one;
      apply();
      if (cell) byId("samples").scrollIntoView();
    });
  }
  picked.addEventListener("click", () => {
    cell = null;
    apply();
  });
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#s']");
    if (link && link.getAttribute("href") === location.hash) follow();
  });
  filters.hidden = false;
  apply();
  follow();
})();
