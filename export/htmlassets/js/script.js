"use strict";

// What the pages of an export do. They work without it: albums then stand as single
// pictures, and hidden text stays hidden.

function root() { return document.body.dataset.root || ""; }

function ShowToast(text) {
  document.querySelectorAll(".toast").forEach((old) => old.remove());
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.setAttribute("role", "status");
  toast.textContent = text;
  document.body.append(toast);
  setTimeout(() => toast.remove(), 3500);
}

// CheckLocation goes to the message that the address names.
function CheckLocation() {
  const found = /^#(?:go_to_)?message(-?\d+)$/.exec(location.hash);
  if (found) {
    ShowMessage(found[1]);
  }
}

function ShowMessage(id) {
  let message = document.getElementById("message" + id);
  if (!message) {
    ShowToast("This message is not part of the export.");
    return;
  }
  if (message.dataset.shownIn) {
    message = document.getElementById(message.dataset.shownIn) || message;
  }
  message.scrollIntoView({ block: "center" });
  message.classList.remove("selected");
  void message.offsetWidth; // so that the highlight starts again
  message.classList.add("selected");
  message.tabIndex = -1;
  message.focus({ preventScroll: true });
}

// GoToMessage lets links to other pages be, and remembers where it came from.
function GoToMessage(link) {
  if (!link.getAttribute("href").startsWith("#")) {
    return true;
  }
  if (location.hash === link.hash) {
    CheckLocation();
  } else {
    location.hash = link.hash;
  }
  return false;
}

function SearchFor(words) {
  location.href = root() + "search.html#q=" + encodeURIComponent(words);
  return false;
}

function ShowHashtag(link) { return SearchFor(link.textContent); }
function ShowCashtag(link) { return SearchFor(link.textContent); }
function ShowBotCommand(link) { return SearchFor(link.textContent); }

function ShowSpoiler(element) {
  element.classList.remove("hidden");
  element.removeAttribute("role");
  element.removeAttribute("tabindex");
  element.removeAttribute("aria-label");
  element.firstElementChild.removeAttribute("aria-hidden");
}

(function () {
  // The theme: the system's, until somebody chooses.
  const key = "telekeep-theme";
  function remembered() { try { return localStorage.getItem(key); } catch (_) { return null; } }
  function remember(theme) { try { localStorage.setItem(key, theme); } catch (_) { /* it lasts for this page */ } }
  function dark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
  const theme = remembered();
  if (theme === "dark" || theme === "light") {
    document.documentElement.dataset.theme = theme;
  }

  function addThemeButton() {
    const header = document.querySelector(".page_header");
    if (!header) {
      return;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "theme_button";
    const name = () => {
      button.textContent = dark() ? "☀" : "☾";
      button.setAttribute("aria-label", dark() ? "Light colours" : "Dark colours");
    };
    button.addEventListener("click", () => {
      document.documentElement.dataset.theme = dark() ? "light" : "dark";
      remember(document.documentElement.dataset.theme);
      name();
    });
    name();
    header.prepend(button);
  }

  // Pictures that were sent together stand together, with the first of them.
  function gatherAlbums() {
    let first = null;
    for (const message of document.querySelectorAll(".history > .message")) {
      const album = message.dataset.album;
      const media = message.querySelector(":scope > .body .media_wrap");
      if (!album || !media || !first || first.dataset.album !== album) {
        first = album && media ? message : null;
        continue;
      }
      const wall = first.querySelector(".media_wrap");
      wall.classList.add("album");
      wall.setAttribute("role", "group");
      wall.append(...media.children);
      wall.setAttribute("aria-label", "Album of " + wall.children.length);
      media.remove();
      message.classList.add("in_album");
      message.dataset.shownIn = first.id;
    }
  }

  // Pictures and films open above the page; sound plays in its place.
  let viewer = null;
  let shown = null;

  function show(link) {
    if (!viewer) {
      viewer = document.createElement("dialog");
      viewer.className = "viewer";
      viewer.setAttribute("aria-label", "Picture or film");
      viewer.addEventListener("click", (event) => { if (event.target.tagName !== "VIDEO" && event.target.tagName !== "A") { viewer.close(); } });
      viewer.addEventListener("close", () => { viewer.replaceChildren(); if (shown) { shown.focus(); } });
      document.body.append(viewer);
    }
    shown = link;
    const film = !link.classList.contains("photo_wrap") && !link.classList.contains("userpic_link") && !/\.(webp|png|jpe?g)$/i.test(link.getAttribute("href"));
    const view = document.createElement(film ? "video" : "img");
    view.src = link.getAttribute("href");
    if (film) {
      view.controls = true;
      view.autoplay = true;
      view.loop = link.classList.contains("animated_wrap");
    } else {
      view.alt = "Photo";
    }
    const file = document.createElement("a");
    file.href = link.getAttribute("href");
    file.textContent = "Open the file";
    viewer.replaceChildren(view, file);
    if (!viewer.open) {
      viewer.showModal();
    }
  }

  const viewable = "a.photo_wrap, a.video_file_wrap, a.animated_wrap, a.userpic_link, a.media_video";

  function step(by) {
    const all = Array.from(document.querySelectorAll(viewable));
    const next = all[all.indexOf(shown) + by];
    if (next) {
      show(next);
    }
  }

  function play(link) {
    const there = link.nextElementSibling;
    if (there && there.tagName === "AUDIO") {
      there.play();
      return;
    }
    const audio = document.createElement("audio");
    audio.className = "inline";
    audio.controls = true;
    audio.autoplay = true;
    audio.src = link.getAttribute("href");
    link.after(audio);
  }

  document.addEventListener("click", (event) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    const link = event.target.closest(viewable);
    if (link) {
      event.preventDefault();
      show(link);
      return;
    }
    const sound = event.target.closest("a.media_voice_message, a.media_audio_file");
    if (sound) {
      event.preventDefault();
      play(sound);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (viewer && viewer.open && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      step(event.key === "ArrowLeft" ? -1 : 1);
    } else if ((event.key === "Enter" || event.key === " ") && event.target.classList && event.target.classList.contains("spoiler")) {
      event.preventDefault();
      ShowSpoiler(event.target);
    } else if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      const search = document.querySelector(".search_link");
      if (search) {
        event.preventDefault();
        search.click();
      }
    }
  });

  window.addEventListener("hashchange", CheckLocation);
  document.addEventListener("DOMContentLoaded", () => {
    addThemeButton();
    gatherAlbums();
  });
})();
