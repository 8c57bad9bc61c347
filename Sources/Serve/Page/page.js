"use strict";
const $ = (id) => document.getElementById(id);
const state = { text: "", like: "", file: null };
let latest = 0;

function make(name, properties = {}, children = []) {
  const element = Object.assign(document.createElement(name), properties);
  for (const child of children) element.append(child);
  return element;
}

function say(text, isError = false) {
  $("status").textContent = text;
  $("status").className = isError ? "error" : "";
}

// The interface reads a plus sign as itself.
const encoded = (query) => query.toString().replaceAll("+", "%20");

async function search(remember = true) {
  const number = ++latest;
  const query = new URLSearchParams();
  if (state.text) query.set("q", state.text);
  if (state.like) query.set("like", state.like);
  query.set("k", "24");
  if (!state.text && !state.like && !state.file) return;
  if (remember && !state.file) {
    const shown = new URLSearchParams(query);
    shown.delete("k");
    history.pushState(null, "", "/?" + encoded(shown));
  }
  say("Searching …");
  try {
    const options = state.file
      ? { method: "POST", body: state.file, headers: { "Content-Type": state.file.type || "application/octet-stream" } }
      : {};
    const response = await fetch("/api/search?" + encoded(query), options);
    const answer = await response.json();
    if (number !== latest) return;
    if (!response.ok) throw new Error(answer.error || "the search failed");
    show(answer);
  } catch (error) {
    if (number !== latest) return;
    $("grid").replaceChildren();
    say(error.message, true);
  }
}

function show(answer) {
  const time = (answer.encodeMilliseconds + answer.searchMilliseconds).toFixed(1);
  const index = answer.searchMilliseconds.toFixed(1);
  say(`${answer.hits.length} of ${answer.items} items for “${answer.query}” in ${time} ms (index ${index} ms)`);
  $("grid").replaceChildren(...answer.hits.map(card));
  window.scrollTo({ top: 0 });
}

function card(hit) {
  const item = hit.item;
  const view = make("div", { className: "view" });
  const isSound = !item.film && item.seconds != null;
  if (isSound) listen(view, hit);
  else if (item.thumbnail) view.append(make("img", { src: "/thumbnails/" + item.thumbnail, alt: item.caption, loading: "lazy" }));
  if (item.seconds != null) {
    view.append(make("span", { className: "badge", textContent: item.seconds.toFixed(1) + " s" }));
  }
  const others = Object.entries(item.captions || {}).filter((entry) => entry[1] !== item.caption);
  const words = make("div", { className: "words" }, [
    make("b", { textContent: item.caption }),
    make("span", { className: "score", textContent: hit.score.toFixed(3), title: "cosine" }),
    ...others.slice(0, 2).map(([language, text]) => make("span", { className: "other", textContent: text, lang: language })),
    // Long ids break where they have joints.
    make("span", { className: "id" }, item.id.split(/(?<=[/_@-])/).flatMap((part) => [part, make("wbr")])),
  ]);
  const more = make("button", { type: "button", textContent: "More like this" });
  more.addEventListener("click", () => like(item.id));
  const article = make("article", { tabIndex: 0 }, [view, words, more]);
  article.setAttribute("aria-label", `${hit.rank}: ${item.caption}`);
  if (item.film) preview(article, view, item);
  article.addEventListener("keydown", (event) => move(event, article, item));
  return article;
}

// A sound has nothing to see: a sign of it, and a player where its file is still there.
function listen(view, hit) {
  const item = hit.item;
  view.classList.add("sound");
  view.append(make("span", { textContent: "♪", ariaHidden: "true" }));
  if (hit.missing || !item.path) return;
  const part = item.start == null ? "" : `#t=${item.start}${item.end == null ? "" : "," + item.end}`;
  const player = make("audio", { controls: true, preload: "none", src: "/media?id=" + encodeURIComponent(item.id) + part });
  player.setAttribute("aria-label", "Listen to " + item.caption);
  player.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== player) other.pause();
  });
  // A type that this browser does not play.
  player.addEventListener("error", () => player.remove());
  view.append(player);
}

// The clip plays while the pointer or the focus is on it.
function preview(article, view, item) {
  let video = null;
  const start = item.start || 0;
  const play = () => {
    if (video || !item.path) return;
    video = make("video", { src: "/media?id=" + encodeURIComponent(item.id), muted: true, playsInline: true });
    video.addEventListener("loadedmetadata", () => { video.currentTime = start; video.play().catch(() => {}); });
    video.addEventListener("timeupdate", () => {
      if (item.end != null && video && video.currentTime >= item.end) video.currentTime = start;
    });
    video.addEventListener("error", stop);
    view.append(video);
  };
  const stop = () => { if (video) { video.remove(); video = null; } };
  article.addEventListener("mouseenter", play);
  article.addEventListener("focusin", play);
  article.addEventListener("mouseleave", stop);
  article.addEventListener("focusout", stop);
}

function move(event, article, item) {
  if (event.target !== article) return;
  const all = [...$("grid").children];
  const columns = getComputedStyle($("grid")).gridTemplateColumns.split(" ").length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (step) {
    const next = all[all.indexOf(article) + step];
    if (next) { next.focus(); event.preventDefault(); }
  } else if (event.key === "Enter" || event.key === "m") {
    like(item.id);
  } else if (event.key === " " && article.querySelector("audio")) {
    const player = article.querySelector("audio");
    if (player.paused) player.play().catch(() => {}); else player.pause();
    event.preventDefault();
  }
}

function like(id) {
  Object.assign(state, { text: "", like: id, file: null });
  $("text").value = "";
  chip(make("span", { textContent: "like " + id }));
  search();
}

function chip(content) {
  if (!content) { $("chip").hidden = true; return; }
  const remove = make("button", { type: "button", textContent: "Remove" });
  remove.addEventListener("click", () => { state.file = null; state.like = ""; chip(null); search(); });
  $("chip").replaceChildren(content, remove);
  $("chip").hidden = false;
}

function take(file) {
  if (!file) return;
  // Words count as they stand in the box now, not as they were last searched for.
  Object.assign(state, { text: $("text").value.trim(), like: "", file });
  const kind = { video: "video", audio: "audio" }[file.type.split("/")[0]] || "img";
  const shown = make(kind, { src: URL.createObjectURL(file), muted: kind === "video", controls: kind === "audio", alt: "" });
  chip(make("span", {}, [shown, " ", make("span", { textContent: file.name })]));
  search();
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  state.text = $("text").value.trim();
  if (!state.file) { state.like = ""; chip(null); }
  if (!state.text && !state.file) { say("Type a query first.", true); return; }
  search();
});
$("file").addEventListener("change", () => { take($("file").files[0]); $("file").value = ""; });
addEventListener("dragover", (event) => { event.preventDefault(); $("drop").hidden = false; });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").hidden = true; });
addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").hidden = true;
  take(event.dataTransfer.files[0]);
});
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== $("text")) { $("text").focus(); event.preventDefault(); }
});
function fromAddress() {
  const query = new URLSearchParams(location.search);
  Object.assign(state, { text: query.get("q") || "", like: query.get("like") || "", file: null });
  $("text").value = state.text;
  chip(state.like ? make("span", { textContent: "like " + state.like }) : null);
  search(false);
}
addEventListener("popstate", fromAddress);
fromAddress();
fetch("/api/info").then((response) => response.json()).then((info) => {
  if (info.hears) {
    $("file").accept += ",audio/*";
    $("kinds").textContent = "Picture, clip or sound";
    const text = $("status");
    text.textContent = text.textContent.replace("a picture or clip anywhere", "a picture, clip or sound anywhere");
  }
  const sets = Object.entries(info.datasets).map(([name, count]) => `${name} (${count})`).join(", ");
  $("about").textContent = `${info.items} items: ${sets}. Captions: ${info.languages.join(", ")}. `
    + `Index: ${info.index}. Model: ${info.model}.`;
});
