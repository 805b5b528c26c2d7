// Draws the figures of a page from its JSON, and shows the part that a choice names. Texts are never read as HTML.
"use strict";
(function () {
  const read = (name) => { const found = document.getElementById(name); return found ? found.textContent : "{}"; };
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const darker = JSON.parse(read("dark-colours"));

  function figures() {
    let text = read("figures");
    if (dark.matches) { for (const light in darker) { text = text.split(light).join(darker[light]); } }
    return JSON.parse(text);
  }

  function draw() {
    const known = figures();
    document.querySelectorAll("[data-figure]").forEach((place) => {
      const figure = known[place.dataset.figure];
      if (!figure || place.closest("[hidden]")) { return; }
      Plotly.react(place, figure.data, figure.layout, {
        displaylogo: false, responsive: true, displayModeBar: true,
        // Named one by one: Plotly's own set has a button that sends the figure to another host.
        modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"], ["png", "svg"].map((format) => ({
          name: format, title: "Save as " + format.toUpperCase(), icon: Plotly.Icons.camera,
          click: (shown) => Plotly.downloadImage(shown, { format: format, filename: place.dataset.figure }),
        }))],
      });
    });
  }

  function choose() {
    const chosen = Array.from(document.querySelectorAll("select[data-chooses]")).map((one) => one.value);
    document.querySelectorAll("[data-when]").forEach((part) => {
      part.hidden = !JSON.parse(part.dataset.when).every((value) => chosen.includes(value));
    });
    draw();
  }

  function keep() {
    const values = Array.from(document.querySelectorAll("select[data-chooses]"))
      .map((one) => one.dataset.chooses + "=" + encodeURIComponent(one.value));
    history.replaceState(null, "", "#" + values.join("&"));
    choose();
  }

  new URLSearchParams(location.hash.slice(1)).forEach((value, name) => {
    document.querySelectorAll("select[data-chooses]").forEach((one) => {
      const there = Array.from(one.options).some((option) => option.value === value);
      if (one.dataset.chooses === name && there) { one.value = value; }
    });
  });
  document.querySelectorAll("select[data-chooses]").forEach((one) => one.addEventListener("change", keep));
  dark.addEventListener("change", draw);
  choose();
})();
