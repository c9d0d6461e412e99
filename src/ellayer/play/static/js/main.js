// The page: connects the server's messages with the views. Every number comes from the server.

import { mountAnnouncer, say } from "./announcer.js";
import { mountArrival, showConnection, socketAddress } from "./arrival.js";
import { mountBusy } from "./busy.js";
import { Connection } from "./connection.js";
import { mountCurve } from "./curve_panel.js";
import { DataPanel } from "./data_panel.js";
import { byId } from "./elements.js";
import { FilesIn } from "./files_in.js";
import { mountLessons } from "./lessons.js";
import { onLink, redo, undo } from "./link.js";
import { mountLive } from "./live.js";
import { LookInside } from "./look_inside.js";
import { mountModel } from "./model_panel.js";
import { mountNetwork } from "./network_panel.js";
import { OwnPicture } from "./own_picture.js";
import { mountPlane } from "./plane_panel.js";
import { mountResults } from "./results.js";
import { mountSettings } from "./settings.js";
import { mountDialogs, mountShortcuts } from "./shortcuts.js";
import { Store } from "./store.js";
import { mountTakeOut } from "./take_out.js";
import { mountTheme } from "./theme.js";
import { Transport } from "./transport.js";

const store = new Store((message) => connection.send(message, store.limits.message_bytes));
const look = new LookInside(store);
const tools = new DataPanel(store);
const transport = new Transport(store);

mountTheme(byId("theme", "button"));
mountSettings(store);
const drawing = mountNetwork(store, (target) => look.choose(target));
mountPlane(store, tools, (target) => {
  drawing.mark(null);
  look.choose(target);
});
mountCurve(store);
mountResults(store);
const ownPicture = new OwnPicture(store, () => filesIn.pick());
const filesIn = new FilesIn(store, (files) => ownPicture.predict(files));
mountModel(store, () => filesIn.pick());
mountLessons(store);
mountTakeOut(store);
mountLive(store);
mountAnnouncer(store);
mountBusy(store);
mountDialogs();
byId("open-table").addEventListener("click", () => filesIn.pick());
byId("pick-file").addEventListener("click", () => filesIn.pick());
byId("pick-folder").addEventListener("click", () => filesIn.pick("folder"));

const press = (/** @type {string} */ id) => () => byId(id).click();
mountShortcuts([
  { key: "space", name: "Space", text: "play or pause", act: () => transport.toggle() },
  { key: "r", name: "R", text: "rewind to the same start", act: () => transport.rewind() },
  { key: "e", name: "E", text: "one epoch", act: () => transport.step("epoch") },
  { key: "b", name: "B", text: "one batch", act: () => transport.step("batch") },
  { key: "x", name: "X", text: "one example", act: () => transport.step("example") },
  { key: "z control+z", name: "Z", text: "undo the last change of settings or points", act: undo },
  { key: "y control+y control+shift+z", name: "Y", text: "do it again", act: redo },
  { key: "k", name: "K", text: "keep this run's curve", act: press("keep-run") },
  { key: "l", name: "L", text: "lessons", act: press("lessons") },
  { key: "o", name: "O", text: "open a file or a folder", act: press("open") },
  { key: "s", name: "S", text: "export", act: press("out") },
  { key: "?", name: "?", text: "these shortcuts", act: press("keys") },
]);

mountArrival(store, filesIn);
store.on("error", ({ text, fault }) => say(fault ? `Internal error: ${text}` : text, true));
onLink((state) => store.take(state));

const connection = new Connection(() => socketAddress(store), {
  message: (message) => store.receive(message),
  planes: (planes) => store.receivePlanes(planes),
  status: (status, reason) => showConnection(store, status, reason),
});
