// The form of a model's page: sends the row, and shows the prediction. Texts are set as text, never as HTML.

const form = document.getElementById("row");
const result = document.getElementById("result");
// A field has no "name", which would hide a property of the form: one called "elements" would.
const fields = [...form.querySelectorAll("[data-name]")];
const address = `/models/${form.dataset.model}/predict`;

function element(tag, text = "", className = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  if (className) node.className = className;
  return node;
}

// The row of the form: a record, or a list of numbers; an empty field is null.
function readRow() {
  const numbers = form.querySelector("textarea");
  if (numbers) {
    return numbers.value.split(/[\s,;]+/).filter(Boolean).map(Number);
  }
  const row = Object.create(null);
  for (const field of fields) {
    const text = field.value.trim();
    const { name, type } = field.dataset;
    if (text === "") row[name] = null;
    else if (type === "boolean") row[name] = text === "true";
    else if (type === "number" && Number.isFinite(Number(text))) row[name] = Number(text);
    else row[name] = field.value;
  }
  return row;
}

function number(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
}

function table(caption, rows) {
  const node = element("table");
  node.append(element("caption", caption));
  for (const cells of rows) {
    const line = node.insertRow();
    const head = element("th", cells[0]);
    head.scope = "row";
    line.append(head);
    for (const cell of cells.slice(1)) {
      const place = line.insertCell();
      if (cell instanceof Node) place.append(cell);
      else place.textContent = cell;
    }
  }
  return node;
}

function bar(share) {
  const meter = element("meter");
  meter.max = 1;
  meter.value = share;
  return meter;
}

function show(row, notes) {
  const names = Object.keys(row);
  const predictions = names.filter((name) => name.startsWith("prediction"));
  const parts = predictions.map((name) => element("p", predictions.length > 1 ? `${name}: ${number(row[name])}` : number(row[name]), "prediction"));
  if (row.lower !== undefined && row.upper !== undefined) {
    parts.push(element("p", `Interval: ${number(row.lower)} to ${number(row.upper)}`));
  }
  const classes = names.filter((name) => name.startsWith("p(") && name.endsWith(")"));
  classes.sort((a, b) => row[b] - row[a]);
  if (classes.length) {
    const rows = classes.slice(0, 10).map((name) => [name.slice(2, -1), number(row[name]), bar(row[name])]);
    parts.push(table("Probabilities", rows));
  }
  const reasons = names.filter((name) => name.startsWith("column ")).map((name) => [String(row[name]), number(row[name.replace("column", "contribution")])]);
  if (reasons.length) {
    const of = row["explained class"] === undefined ? "" : ` to the log odds of ${row["explained class"]}`;
    parts.push(table(`Largest contributions${of}`, reasons));
  }
  for (const note of notes) parts.push(element("p", note, "quiet"));
  result.replaceChildren(...parts);
}

async function predict() {
  const request = { rows: [readRow()] };
  const link = new URLSearchParams(fields.map((field) => [field.dataset.name, field.value]));
  history.replaceState(null, "", `?${link}`); // a link to this row
  if (form.dataset.explain === "true") request.explain = true;
  if (document.getElementById("interval")?.checked) request.interval = 0.9;
  document.getElementById("request").textContent = JSON.stringify(request).replaceAll("'", "'\\''");
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request) };
  const response = await fetch(address, sent).catch(() => {
    throw new Error("The server does not answer. Start it again, then press Predict.");
  });
  const content = await response.json().catch(() => ({ error: `The server answered with the status ${response.status}.` }));
  if (!response.ok) throw new Error(content.error);
  show(content.rows[0], content.notes);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await predict();
  } catch (error) {
    result.replaceChildren(element("p", error.message, "error"));
  } finally {
    button.disabled = false;
  }
});

// A link to a row fills the form.
const link = new URLSearchParams(location.search);
for (const [name, text] of link) {
  const field = fields.find((one) => one.dataset.name === name);
  if (field) field.value = text;
}
if (link.size) form.requestSubmit();

document.getElementById("address").textContent = location.origin + address;
