// Lessons: a text and tasks, which the server checks.

import { byId, element } from "./elements.js";
import { safeFragment } from "./safe_html.js";

/** @param {import("./store.js").Store} store */
export function mountLessons(store) {
  const dialog = byId("lessons-dialog", "dialog");
  const card = byId("lesson");
  /** @type {import("./types.js").Lesson|null} */
  let lesson = null;
  /** @type {import("./types.js").LessonEntry[]} */
  let entries = [];

  byId("lessons").addEventListener("click", () => dialog.showModal());
  byId("lesson-close").addEventListener("click", () => {
    card.hidden = true;
    store.send({ type: "lesson", id: null });
    byId("lessons").focus();
  });
  byId("lesson-next").addEventListener("click", () => {
    const place = entries.findIndex(({ id }) => id === lesson?.id);
    if (entries[place + 1]) store.send({ type: "lesson", id: entries[place + 1].id });
  });

  store.on("ready", (message) => {
    entries = message.lessons ?? [];
    byId("lessons").hidden = !entries.length;
    byId("lesson-list").replaceChildren(...entries.map(({ id, title, text }, i) =>
      element("li", {}, element("button", { type: "button", "data-lesson": id, onclick: () => open(id) },
        element("span", { class: "number", "aria-hidden": "true" }, String(i + 1)), element("b", {}, title), element("small", {}, text ?? "")))));
  });
  store.on("lesson", (message) => {
    lesson = message.id === null ? null : message;
    if (lesson) show();
    else card.hidden = true;
  });
  store.on("task", ({ id, done }) => {
    const task = lesson?.tasks.find((one) => one.id === id);
    if (!task || task.done === done) return;
    task.done = done;
    showTasks();
    if (done) byId("announcement").textContent = `Task done: ${task.text}`;
  });

  /** @param {string} id */
  function open(id) {
    dialog.close();
    store.send({ type: "lesson", id });
  }

  function show() {
    if (!lesson) return;
    const place = entries.findIndex(({ id }) => id === lesson?.id);
    card.dataset.lesson = lesson.id;
    byId("lesson-title").textContent = lesson.title;
    byId("lesson-number").textContent = `Lesson ${place + 1} of ${entries.length}`;
    byId("lesson-text").replaceChildren(safeFragment(lesson.text_html));
    byId("lesson-next").hidden = place + 1 >= entries.length;
    card.hidden = false;
    showTasks();
    byId("lesson-title").focus();
  }

  function showTasks() {
    const tasks = lesson?.tasks ?? [];
    byId("lesson-tasks").replaceChildren(...tasks.map(({ text, done }) =>
      element("li", { class: done ? "done" : "open" }, element("span", { class: "box", "aria-hidden": "true" }, done ? "\u2713" : ""), element("span", {}, text),
        element("span", { class: "unseen" }, done ? " (done)" : " (open)"))));
    card.classList.toggle("complete", tasks.length > 0 && tasks.every(({ done }) => done));
  }
}
