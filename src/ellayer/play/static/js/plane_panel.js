// The card of the plane: boundary and points, or pictures; tools, reading, and a table.

import { Boundary } from "./boundary.js";
import { byId, table } from "./elements.js";
import { numberText } from "./number_text.js";
import { mountPictures } from "./pictures.js";

const MOST_ROWS = 200;

/** @param {import("./store.js").Store} store @param {import("./data_panel.js").DataPanel} tools @param {(target: import("./types.js").Target) => void} look */
export function mountPlane(store, tools, look) {
  const readout = byId("plane-readout");
  const boundary = new Boundary(byId("plane"), store, {
    draws: () => tools.tool.kind === "add",
    hover: (text) => (readout.textContent = text),
    use([x1, x2], near) {
      if (tools.tool.kind === "add") store.send({ type: "add_point", x1, x2, y: tools.label });
      else if (near === null) return;
      else if (tools.tool.kind === "erase") store.send({ type: "remove_point", index: near[3] });
      else look({ kind: "point", example: near[3] });
      boundary.example = tools.tool.kind === "look" && near ? near[3] : null;
      boundary.paintOverlay();
    },
  });
  mountPictures(store, (example) => look({ kind: "point", example }));

  byId("show-test", "input").addEventListener("change", () => {
    boundary.showsTest = byId("show-test", "input").checked;
    boundary.paintPointsSoon();
  });
  byId("hard", "input").addEventListener("change", () => {
    boundary.isHard = byId("hard", "input").checked;
    boundary.paintMapSoon();
  });
  const whole = byId("whole", "input"); // a member's prediction is drawn by default
  whole.addEventListener("change", () => store.send({ type: "plane", of: whole.checked ? "mean" : "member" }));
  store.on("model ready", () => (byId("whole-part").hidden = !store.model?.draws_mean));
  store.on("frame", (frame) => (whole.checked = frame.plane_of === "mean"));
  store.on("example", ({ index }) => {
    boundary.example = index;
    boundary.paintOverlay();
  });
  store.on("data", (data) => {
    const arePictures = data.task === "pictures";
    byId("plane").hidden = arePictures;
    byId("pictures").hidden = !arePictures;
    byId("plane-table", "details").hidden = arePictures;
    byId("plane-key").hidden = arePictures;
    byId("hard-part").hidden = data.task !== "classes";
    byId("show-test-part").hidden = arePictures;
    byId("line-key").textContent = { classes: "line: boundary", numbers: "lines: equal predictions", pictures: "" }[/** @type {"classes"} */ (data.task)];
    boundary.example = null;
    readout.textContent = "";
    showTable();
  });
  byId("plane-table", "details").addEventListener("toggle", showTable);

  function showTable() {
    const { data } = store;
    if (!byId("plane-table", "details").open || !data || data.pictures) return;
    const [x1, x2] = data.axes.names;
    const all = [...data.train.map((point) => ({ point, set: "training" })), ...data.test.map((point) => ({ point, set: "test" }))];
    const rows = all.slice(0, MOST_ROWS).map(({ point, set }, i) =>
      [String(i + 1), numberText(point[0]), numberText(point[1]), data.task === "numbers" ? numberText(point[2]) : (data.classes[point[2]] ?? String(point[2])), set]);
    const more = all.length > MOST_ROWS ? `, the first ${MOST_ROWS} of ${all.length}` : "";
    byId("plane-table", "details").querySelector(".tables")?.replaceChildren(table(`Points${more}`, ["Point", x1, x2, data.task === "numbers" ? "Number" : "Class", "Set"], rows));
  }
}
