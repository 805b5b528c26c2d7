"use strict";
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const plots = Array.from(document.querySelectorAll(".plot"));
  const specs = new Map(plots.map((plot) => [plot, JSON.parse(plot.querySelector("script").textContent)]));
  const drawn = new Set();
  let printing = false;

  function render(plot) {
    const spec = specs.get(plot)[dark.matches && !printing ? "dark" : "light"];
    const fixed = Boolean(spec.layout.width);
    drawn.add(plot);
    return Plotly.react(plot, spec.data, spec.layout, { responsive: !fixed, displaylogo: false, displayModeBar: false });
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !drawn.has(entry.target)) render(entry.target);
    }
  }, { rootMargin: "400px" });
  plots.forEach((plot) => seen.observe(plot));

  dark.addEventListener("change", () => drawn.forEach(render));
  window.addEventListener("beforeprint", () => {
    printing = true;
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
    plots.forEach(render);
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    plots.forEach(render);
  });
})();
