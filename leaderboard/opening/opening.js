// Starts the app below the first board, and takes the first board away when the app has drawn its page: by itself where
// nobody has touched it, else when its reader asks.
"use strict";
(function () {
  const over = document.getElementById("opening"), frame = over.querySelector("iframe");
  const words = over.querySelector("span"), button = over.querySelector("button");
  let touched = false;

  function leave() {
    over.style.opacity = 0;
    over.addEventListener("transitionend", () => over.remove());
    setTimeout(() => over.remove(), 400);
  }

  function watch() {
    ["pointerdown", "wheel", "touchstart", "keydown", "scroll"].forEach((kind) => {
      frame.contentWindow.addEventListener(kind, () => { touched = true; }, { capture: true, passive: true });
    });
  }

  function isDrawn() {
    const app = document.querySelector('[data-testid="stApp"][data-test-script-state="notRunning"]');
    const table = document.querySelector('[data-testid="stDataFrame"]');
    return app && document.querySelector("h1") && !document.querySelector('[data-testid="stSkeleton"]')
      && (!table || table.querySelector("canvas"));
  }

  function ready() {
    if (!touched) { leave(); return; }
    words.textContent = "The live board is ready.";
    button.hidden = false;
  }

  function start() {
    const script = document.createElement("script");
    script.type = "module"; script.crossOrigin = ""; script.src = over.dataset.app;
    document.head.append(script);
    const seen = new MutationObserver(() => { if (isDrawn()) { seen.disconnect(); ready(); } });
    seen.observe(document.getElementById("root"), { attributes: true, childList: true, subtree: true });
  }

  button.addEventListener("click", leave);
  // The frame may be there before this script is.
  if (frame) { watch(); frame.addEventListener("load", watch); }
  fetch("/_opening/over").then(start);
})();
