// Keys press the buttons that stand on the page, by the key each button shows. Streamlit's own shortcuts listen a while
// after a button is drawn, and go on while a key is held: the first loses keys, the second rates what nobody has read.
let listening = false;
let pressed = { about: "", at: 0, next: "" };
let held = { shown: "", next: "" };
const ON_ITS_WAY_MS = 300;

const editable = (target) =>
  target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable=true]");

const nameOf = (button) =>
  [...(button.closest("[class*='st-key-']")?.classList ?? [])].find((each) => each.startsWith("st-key-")) ?? "";

const buttonOf = (shown) =>
  [...document.querySelectorAll("button [aria-label]")]
    .find((each) => each.getAttribute("aria-label") === `Shortcut ${shown}`)
    ?.closest("button");

// What a press is about: a question (a criterion of one), or the button itself.
function subject(name) {
  const found = name.match(/^st-key-(?:rate|reason)-([^-]+)-/) ?? name.match(/^st-key-(?:Yes|No)-(.+)$/);
  return found?.[1] ?? name;
}

// The way from the scale to the reasons for skipping and back: which buttons come next.
function nextOf(name) {
  const question = name.match(/^st-key-skip-(.+)$/)?.[1];
  if (!question) return "";
  return `st-key-${document.querySelector("[class*='st-key-reason-']") ? "rate" : "reason"}-${question}-`;
}

function onItsWay() {
  const state = document.querySelector("[data-testid='stApp']")?.getAttribute("data-test-script-state");
  return state !== "notRunning" || performance.now() - pressed.at < ON_ITS_WAY_MS;
}

function click(button) {
  const name = nameOf(button);
  held = { shown: "", next: "" };
  pressed = { about: subject(name), at: performance.now(), next: nextOf(name) };
  button.click();
}

// Which buttons are being drawn: those after a turn, or the scale of the next question, where its first ones stand.
function coming() {
  if (pressed.next) return pressed.next;
  const scales = [...document.querySelectorAll("[class*='st-key-rate-']")].map((each) => subject(nameOf(each)));
  const fresh = scales.find((each) => each !== pressed.about);
  return fresh ? `st-key-rate-${fresh}-` : "";
}

// A key that came before its button is held; on what still stands there it would mean something else.
function drawn() {
  const button = held.shown && buttonOf(held.shown);
  if (button && !button.disabled && nameOf(button).startsWith(held.next)) click(button);
}

function press(event) {
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey && typeof event.key === "string";
  if (!plain || editable(event.target)) return;
  if (event.key === "Enter" && event.target instanceof Element && event.target.closest("button")) return;
  const shown = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const button = buttonOf(shown);
  const next = /^\d$/.test(shown) && (!button || onItsWay()) ? coming() : "";
  if (next && !(button && nameOf(button).startsWith(next))) held = event.repeat ? held : { shown, next };
  else if (!button) return;
  // The question was answered and the next one is not there yet: nobody can have read that.
  else if (!event.repeat && !button.disabled && !(subject(nameOf(button)) === pressed.about && onItsWay())) click(button);
  event.preventDefault();
  event.stopImmediatePropagation();
}

export default function () {
  if (listening) return;
  listening = true;
  window.addEventListener("keydown", press, true);
  new MutationObserver(drawn).observe(document.body, { childList: true, subtree: true });
}
