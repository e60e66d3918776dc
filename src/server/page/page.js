// The manager's page. What comes from the desk becomes text, never markup; what is on the screen is kept by id, so that focus stays
// where it is while rows come and go.

const lang = document.documentElement.lang;
const texts = await (await fetch(`/page/${lang}.json`)).json();
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const t = (key, values = {}) => fill(texts[key] ?? key, values);
const known = (key, other) => texts[key] ?? other;
const at = (id) => document.getElementById(id);

/** An element with attributes, and children that are elements or text. */
function el(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
  return made;
}

const time = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(lang, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 3 });
const when = (text) => el("time", { datetime: text }, time.format(new Date(text)));
const onDay = (text) => day.format(new Date(`${text}T00:00:00Z`));

/** Decimal strings stay exact. */
function money(amount, currency) {
  if (!currency) return number.format(amount);
  return new Intl.NumberFormat(lang, { style: "currency", currency }).format(amount);
}

/** The same without the currency, where it is said once for many. */
function figure(amount, currency) {
  const digits = currency ? new Intl.NumberFormat(lang, { style: "currency", currency }).resolvedOptions().maximumFractionDigits : 0;
  return new Intl.NumberFormat(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits + 2 }).format(amount);
}

// --- asking the desk ---

let acted = Date.now();
for (const kind of ["keydown", "pointerdown", "wheel", "touchmove"]) {
  addEventListener(kind, () => { acted = Date.now(); }, { passive: true });
}

class Refused extends Error {
  constructor(status, problem) {
    super(problem.title ?? t("failed"));
    Object.assign(this, { status, code: problem.code });
  }
}

async function ask(method, path, body) {
  const headers = { "Accept-Language": lang, "patchcord-page": Date.now() - acted < 60_000 ? "person" : "page" };
  if (method !== "GET") headers["Idempotency-Key"] = crypto.randomUUID();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, { title: t("no_desk") });
  }
  if (response.status === 204) return undefined;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const refused = new Refused(response.status, answer);
  if (me && response.status === 401) leave(refused.message);
  throw refused;
}

function say(text) { at("status").textContent = text; }
function warn(text) { at("alert").textContent = text; }

/** Does something for the person, and says what became of it. */
async function tried(act) {
  warn("");
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    warn(error.message);
    return undefined;
  }
}

// --- rows that stay where they are ---

/** Questions to the desk are counted. Each change is told of, and asked about once it is told: the later question knows more. */
let questions = 0;

/** One at a time: whoever asks meanwhile gets what is asked next. */
function single(load) {
  let runs, next;
  const run = () => (runs = load().finally(() => { runs = undefined; }));
  return () => {
    if (!runs) return next ?? run();
    return (next ??= runs.catch(() => {}).then(() => { next = undefined; return run(); }));
  };
}

/** Answers in which nothing is shown that are looked behind at a time. */
const mostBarren = 10;

/** A list whose rows are made anew only when they change. `list` asks for all items by id, with what it is given for those that
 *  come page by page; `more` offers a page more; `row` gives the children of a row; `order` sorts. */
class Rows {
  constructor({ id, empty, more, list, row, order }) {
    Object.assign(this, { list: at(id), empty: at(empty), more: at(more), row, order, items: new Map(), shown: new Map() });
    // So many pages are shown.
    this.pages = 1;
    this.more?.querySelector("button").addEventListener("click", () => {
      this.pages += 1;
      tried(this.load);
    });
    // The question of the whole list, those of single rows since, and how many are open.
    Object.assign(this, { asked: 0, told: new Map(), open: 0 });
    this.load = single(async () => {
      let goesOn = false;
      const paged = async (name, path, isShown) => {
        const [items, next] = await this.ofPages(name, path, isShown);
        goesOn ||= Boolean(next);
        return items;
      };
      const [question, items] = await this.ask(() => list(paged));
      for (const [id, later] of this.told) {
        if (later < question) this.told.delete(id);
        else if (this.items.has(id)) items.set(id, this.items.get(id));
        else items.delete(id);
      }
      Object.assign(this, { items, asked: question });
      this.draw();
      if (this.more) this.offer(goesOn);
    });
  }

  /** The items of this name in as many answers as are shown, and where the list goes on. An answer in which nothing is shown is no page. */
  async ofPages(name, path, isShown = () => true) {
    const items = [];
    let next;
    for (let page = 0, asked = 0; page < this.pages && asked < this.pages * mostBarren; asked += 1) {
      const answer = await ask("GET", next ? `${path}&after=${encodeURIComponent(next)}` : path);
      items.push(...answer[name]);
      next = answer.next;
      if (answer[name].some(isShown)) page += 1;
      if (!next) break;
    }
    return [items, next];
  }

  /** Whoever pressed the button that goes is at the list's beginning, not nowhere. */
  offer(goesOn) {
    const focused = this.more.contains(document.activeElement);
    this.more.hidden = !goesOn;
    if (focused && !goesOn) this.heading().focus();
  }

  async ask(what) {
    const question = ++questions;
    this.open += 1;
    try {
      return [question, await what()];
    } finally {
      this.open -= 1;
    }
  }

  /** Asks for one item, which has its row; `undefined` has none. Whether no later question was answered before. */
  async get(id, item) {
    const [question, found] = await this.ask(item);
    if (question < Math.max(this.asked, this.told.get(id) ?? 0)) return false;
    this.told.set(id, question);
    if (found) this.items.set(id, found);
    else this.items.delete(id);
    this.draw(id);
    return true;
  }

  draw(fresh) {
    const focused = document.activeElement;
    const inside = this.list.contains(focused) ? focused.closest("li") : undefined;
    const place = inside && focused.dataset.act;
    const sorted = [...this.items].sort(([, a], [, b]) => this.order(a, b));
    for (const [id, known] of this.shown) {
      if (this.items.has(id)) continue;
      known.row.remove();
      this.shown.delete(id);
    }
    let before = null;
    for (const [id, item] of sorted.reverse()) {
      let known = this.shown.get(id);
      const content = JSON.stringify(item);
      if (!known) {
        known = { row: el("li", { "data-id": id, class: id === fresh ? "fresh" : undefined }) };
        this.shown.set(id, known);
      }
      if (known.content !== content) {
        const open = known.row.querySelector("details")?.open;
        known.row.replaceChildren(...this.row(item, open));
        known.content = content;
      }
      if (known.row.nextSibling !== before || !known.row.parentNode) this.list.insertBefore(known.row, before);
      before = known.row;
    }
    if (this.empty) this.empty.hidden = this.items.size > 0;
    // What had the focus was made anew, or moved: the same control has it again, else the row, else the list.
    if (inside && document.activeElement !== focused) {
      const same = place && inside.querySelector(`[data-act="${place}"]`);
      const row = inside.isConnected && inside.querySelector("summary, button, select");
      (same || row || this.heading()).focus();
    }
  }

  heading() {
    const heading = this.list.closest("section").querySelector("h2");
    heading.tabIndex = -1;
    return heading;
  }
}

const button = (act, text, onclick, kind) =>
  el("button", { type: "button", "data-act": act, class: kind, onclick }, text);
const pair = (term, ...value) => [el("dt", {}, term), el("dd", {}, ...value)];

// --- orders ---

const credit = new Set(["overdue", "over_limit", "over_credit", "other_currency", "standing_unknown"]);
const rank = ["held", "placed", "awaiting_payment", "accepted", "draft", "picking", "delivered_in_part"];
const ranked = (entry) => (rank.includes(entry.state) ? rank.indexOf(entry.state) : rank.length);
const byRank = (a, b) => ranked(a) - ranked(b) || (a.changed_at < b.changed_at ? 1 : -1);
const goods = new Map();

/** Who did something, by the directory: as the desk or a telephone named them. The desk itself does what time brings. */
function who(id) {
  if (id === "desk") return t("the_desk");
  return people.find((person) => person.id === id || person.extension === id)?.name ?? id;
}

const titled = (entry) => (entry.number ? t("order_number", { number: entry.number }) : t("order_draft"));

function heldFor(entry) {
  const currency = entry.examined.currency;
  return (entry.held_for ?? []).map((fault) => {
    const amount = fault.amount ?? fault.by ?? fault.minimum;
    return fill(known(`held_${fault.rule}`, t("held_other")), { amount: amount && money(amount, currency) });
  });
}

function mayRelease(entry) {
  return me.role !== "manager" || !(entry.held_for ?? []).some((fault) => credit.has(fault.rule));
}

function orderRow(entry, open) {
  const currency = entry.examined.currency;
  const why = heldFor(entry);
  const wants = entry.state === "held" || entry.state === "placed";
  const slot = entry.order.delivery?.slot;
  const summary = el("summary", { "data-act": "show" },
    el("span", { class: "title" }, `${titled(entry)} · ${entry.client_name}`),
    el("span", { class: wants ? "state wants" : "state" }, known(`state_${entry.state}`, entry.state)),
    el("span", { class: "sum" }, money(entry.examined.total.gross, currency)),
    slot ? el("span", {}, onDay(slot.date)) : undefined,
    why.length ? el("span", { class: "why" }, why.join("; ")) : undefined);
  const body = el("div", {});
  // A row that is made open is toggled afterwards: what stands in it then may have the focus.
  const ontoggle = () => (details.open ? body.hasChildNodes() || fillOrder(body, entry) : body.replaceChildren());
  const details = el("details", { open, ontoggle }, summary, body);
  if (open) fillOrder(body, entry);
  return [details];
}

/** What was agreed about a line that the stock did not suffice for. */
function settledAs(line, named) {
  const unit = known(`unit_${line.unit}`, line.unit);
  switch (line.settled?.how) {
    case "cut": return t("settled_cut", { count: number.format(line.settled.wanted), unit });
    case "wait": return t("settled_wait", { day: onDay(line.settled.until) });
    case "substitute": return t("settled_substitute", { name: named(line.settled.product) });
    case "drop": return t("settled_drop");
    default: return "";
  }
}

/** Payer and consignee by name, of each revision of an order. */
const parties = new Map();
const partiesKey = (entry) => `${entry.order.id} ${entry.order.revision}`;

function fillOrder(body, entry) {
  const currency = entry.examined.currency;
  const priced = new Map(entry.examined.lines.map((line) => [line.number, line]));
  const named = (id) => goods.get(id)?.name ?? "…";
  const rows = entry.order.lines.map((line) => {
    const price = priced.get(line.number);
    return el("tr", {},
      el("td", {}, named(line.product), el("div", { class: "quiet" }, settledAs(line, named)), ...(price?.gifts ?? []).map((gift) =>
        el("div", { class: "quiet" }, t("gift", { name: named(gift.product), count: number.format(gift.quantity) })))),
      el("td", { class: "figure" }, `${number.format(line.quantity)} ${known(`unit_${line.unit}`, line.unit)}`),
      el("td", { class: "figure" }, price ? figure(price.price.amount, currency) : "—"),
      el("td", { class: "figure" }, price ? `${price.is_about ? "≈ " : ""}${figure(price.sum.gross, currency)}` : "—"));
  });
  const { slot, receiver } = entry.order.delivery ?? {};
  const { payer, consignee } = parties.get(partiesKey(entry)) ?? {};
  const last = entry.history?.at(-1);
  const acts = [];
  if (entry.state === "placed") acts.push(button("accept", t("accept"), () => act(entry, "accept")));
  if (entry.state === "held" && mayRelease(entry)) acts.push(button("release", t("release"), () => act(entry, "release")));
  if (["held", "awaiting_payment", "placed", "accepted"].includes(entry.state)) {
    acts.push(button("return", t("return"), () => sendBack(entry), "second"));
  }
  body.replaceChildren(
    el("dl", {},
      ...pair(t("taken_by"), who(entry.taken_by)),
      ...(entry.placed_at ? pair(t("placed_at"), when(entry.placed_at)) : []),
      ...(slot ? pair(t("delivery"), `${onDay(slot.date)}, ${slot.from.slice(0, 5)}–${slot.to.slice(0, 5)}`) : []),
      ...(receiver ? pair(t("receiver"), `${receiver.name}, ${receiver.phone}`) : []),
      ...(payer ? pair(t("payer"), payer) : []),
      ...(consignee && consignee !== payer ? pair(t("consignee"), consignee) : []),
      ...(entry.order.note ? pair(t("note"), entry.order.note) : []),
      ...(last?.reason ? pair(t("last_word"), `${who(last.by)}: ${last.reason}`) : [])),
    el("div", { class: "wide" }, el("table", {},
      el("caption", {}, currency ? `${t("lines")}, ${currency}` : t("lines")),
      el("thead", {}, el("tr", {},
        el("th", { scope: "col" }, t("product")), el("th", { scope: "col", class: "figure" }, t("quantity")),
        el("th", { scope: "col", class: "figure" }, t("price")), el("th", { scope: "col", class: "figure" }, t("sum")))),
      el("tbody", {}, ...rows))),
    entry.state === "held" && !mayRelease(entry) ? el("p", { class: "why" }, t("head_releases")) : "",
    acts.length ? el("p", { class: "acts" }, ...acts) : "");
  if (!parties.has(partiesKey(entry)) || entry.order.lines.some((line) => !goods.has(line.product))) nameGoods(body, entry);
}

async function nameGoods(body, entry) {
  const answer = await tried(() => ask("GET", `/v1/orders/${entry.order.id}/goods`));
  if (!answer) return;
  for (const line of entry.order.lines) goods.set(line.product, { name: t("unknown_product") });
  for (const product of answer.goods) goods.set(product.id, product);
  parties.set(partiesKey(entry), { payer: answer.payer, consignee: answer.consignee });
  const focused = body.contains(document.activeElement) && document.activeElement.dataset.act;
  fillOrder(body, entry);
  if (focused) body.querySelector(`[data-act="${focused}"]`)?.focus();
}

async function act(entry, what, reason) {
  const done = await tried(() => ask("POST", `/v1/orders/${entry.order.id}/acts`, { act: what, reason }));
  await tried(() => getOrder(entry.order.id));
  if (done) say(t("order_is", { order: titled(entry), client: entry.client_name, state: known(`state_${done.state}`, done.state) }));
}

async function sendBack(entry) {
  const reason = await whyNot(t("return_why", { order: titled(entry), client: entry.client_name }), t("return_it"));
  if (reason) await act(entry, "return", reason);
}

/** Asks for a reason; none: not after all. */
function whyNot(title, verb) {
  const dialog = at("why");
  at("why-title").textContent = title;
  at("why-do").textContent = verb;
  at("reason").value = "";
  at("reason").required = true;
  dialog.returnValue = "";
  dialog.showModal();
  at("reason").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue ? at("reason").value : undefined), { once: true });
  });
}

// Blanks are no reason: the browser asks for one as where nothing stands.
at("why-do").addEventListener("click", () => { at("reason").value = at("reason").value.trim(); });

const isShown = (entry) => entry.state !== "draft" || entry.stands || (entry.history ?? []).length > 0;

/** Orders of a kind in one answer; finished ones are of less interest. */
const most = 200;
const mostFinished = 50;

/** What waits for the manager is asked for by itself: neither what is on its way nor operators' drafts may push it out. */
const orders = new Rows({
  id: "orders",
  empty: "no-orders",
  async list(paged) {
    const kinds = ["held,placed", "awaiting_payment,accepted,picking,delivered_in_part", "draft"];
    const lists = await Promise.all([
      paged("orders", `/v1/orders?clients=mine&limit=${mostFinished}&state=delivered,closed,cancelled,refused_at_door`, isShown),
      ...kinds.map((states) => paged("orders", `/v1/orders?clients=mine&limit=${most}&state=${states}`, isShown)),
    ]);
    const entries = lists.flat().filter(isShown);
    return new Map(entries.map((entry) => [entry.order.id, entry]));
  },
  more: "more-orders",
  row: orderRow,
  order: byRank,
});

/** The order; none where a later question was answered before. */
async function getOrder(id) {
  let entry;
  const isLatest = await orders.get(id, async () => {
    entry = await ask("GET", `/v1/orders/${id}`);
    return isShown(entry) ? entry : undefined;
  });
  return isLatest ? entry : undefined;
}

// --- calls and notes ---

const names = new Map();

async function nameOf(client) {
  if (!names.has(client)) names.set(client, ask("GET", `/v1/clients/${client}`).then((card) => card.name, () => ""));
  return names.get(client);
}

function callRow({ call, name }) {
  const party = call.direction === "outbound" ? call.called : call.caller;
  const outcome = call.ended_at ? known(`outcome_${call.outcome}`, "") : t("goes_on");
  const result = call.result ? known(`result_${call.result}`, call.result) : "";
  return [
    el("div", {}, el("strong", {}, name || party?.name || party?.written || t("nobody_known")), " · ", when(call.started_at), " · ",
      who(call.operator), " · ", [call.direction === "outbound" ? t("outbound") : t("inbound"), outcome, result].filter(Boolean).join(", ")),
    call.voice ? el("div", { class: "voice" }, voiceWords(call.voice)) : "",
    call.note ? el("p", { class: "note" }, call.note) : "",
  ];
}

// How the two heard each other: scores of the whole call, the worst moments, and what was wrong.
function voiceWords({ operator_heard: here, client_heard: there, verdict }) {
  const scores = ({ mos, worst_mos: worst } = {}) => (worst === undefined ? mos : `${mos ?? "–"} (${worst})`);
  const direction = (name, heard) => (scores(heard) === undefined ? "" : `${name} ${scores(heard)}`);
  const wrong = verdict ? known(`voice_${verdict.listener}_${verdict.heard}`, "") : "";
  const figures = [direction(t("operator_heard"), here), direction(t("client_heard"), there)].filter(Boolean);
  return [figures.length > 0 ? `${t("voice")}: ${figures.join(", ")}` : "", wrong].filter(Boolean).join(" · ");
}

const named = async (call) => ({ call, name: call.client ? await nameOf(call.client) : "" });
const calls = new Rows({
  id: "calls",
  empty: "no-calls",
  more: "more-calls",
  async list(paged) {
    const items = await Promise.all((await paged("calls", "/v1/calls?clients=mine&limit=50")).map(named));
    return new Map(items.map((item) => [item.call.id, item]));
  },
  row: callRow,
  order: (a, b) => (a.call.started_at < b.call.started_at ? 1 : -1),
});

// --- call-back tasks ---

function taskRow({ task, client_name, asked_by, asked_at }) {
  return [
    el("div", {}, el("strong", {}, client_name ?? task.name ?? t("nobody_known")), " · ", el("a", { href: `tel:${task.number}` }, task.number),
      " · ", who(asked_by), " · ", task.due ? el("span", {}, t("due"), " ", when(task.due)) : when(asked_at)),
    el("p", { class: "note" }, task.about),
    el("p", { class: "acts" }, button("done", t("done"), async () => {
      if (await tried(() => ask("POST", `/v1/tasks/${task.id}/done`, {}))) say(t("task_done"));
      await tried(tasks.load);
    })),
  ];
}

// What has no time waits behind what has one, as on the desk.
const dueAt = ({ task, asked_at }) => (task.due ? `0 ${task.due}` : `1 ${asked_at}`);
const tasks = new Rows({
  id: "tasks",
  empty: "no-tasks",
  more: "more-tasks",
  async list(paged) {
    const tasks = await paged("tasks", "/v1/tasks?clients=mine&state=open&limit=100");
    return new Map(tasks.map((entry) => [entry.task.id, entry]));
  },
  row: taskRow,
  order: (a, b) => (dueAt(a) < dueAt(b) ? -1 : 1),
});

// --- new clients ---

let people = [];
const named_type = (type) => type.names[lang] ?? type.names.en;

function clientRow(card) {
  const id = `manager-${card.id}`;
  const serves = (person) => person.serves.includes(card.client_type.id);
  const choices = people.filter((person) => person.job === "manager" || person.job === "head").sort((a, b) => serves(b) - serves(a));
  // Who was chosen stays chosen when the client changes meanwhile.
  const chosen = at(id)?.dataset.chosen;
  const choice = el("select", { id, "data-act": "choose", "data-chosen": chosen, onchange: () => { choice.dataset.chosen = choice.value; } },
    ...choices.map((person) => el("option", { value: person.id, selected: person.id === chosen }, person.name)));
  return [
    el("div", {}, el("strong", {}, card.name), " · ", named_type(card.client_type), " · ", card.phones.map((phone) => phone.written).join(", ")),
    card.note ? el("p", { class: "note" }, card.note) : "",
    el("div", { class: "assign" }, el("p", {}, el("label", { for: id }, t("manager")), choice),
      button("assign", t("assign"), () => assign(card, choice.value))),
  ];
}

const unassigned = new Rows({
  id: "unassigned",
  empty: "no-unassigned",
  more: "more-unassigned",
  async list(paged) {
    const clients = at("new").hidden ? [] : await paged("clients", "/v1/unassigned-clients?limit=100");
    return new Map(clients.map((card) => [card.id, card]));
  },
  row: clientRow,
  order: (a, b) => (a.updated_at < b.updated_at ? 1 : -1),
});

async function assign(card, manager) {
  const done = await tried(() => ask("PUT", `/v1/clients/${card.id}/manager`, { manager }));
  if (done) say(t("assigned", { client: card.name, manager: done.manager?.name ?? manager }));
  await tried(unassigned.load);
}

// --- clients who are passed on to this telephone ---

function cardOf(client) {
  const standing = client.standing;
  const owes = (amount) => standing && Number(amount) > 0;
  return el("div", {},
    el("h3", {}, client.name),
    el("dl", {},
      ...pair(t("client_type"), named_type(client.client_type)),
      ...pair(t("phones"), client.phones.map((phone) => phone.written).join(", ")),
      ...(standing ? [] : pair(t("standing"), t("held_standing_unknown"))),
      ...(owes(standing?.overdue) ? pair(t("overdue"), el("strong", { class: "stern" }, money(standing.overdue, standing.currency))) : []),
      ...(owes(standing?.over_limit) ? pair(t("over_limit"), el("strong", { class: "stern" }, money(standing.over_limit, standing.currency))) : []),
      ...(standing?.credit_left ? pair(t("credit_left"), money(standing.credit_left, standing.currency)) : []),
      ...(client.note ? pair(t("note"), client.note) : [])));
}

function handedRow({ handover, from_name, clients }) {
  const who = handover.party?.name ?? handover.party?.written ?? t("nobody_known");
  return [
    el("p", {}, t("passed_by", { who: from_name })),
    handover.note ? el("p", { class: "note" }, el("strong", {}, handover.note)) : "",
    ...(clients.length ? clients.map(cardOf) : [el("h3", {}, who)]),
  ];
}

/** Read aloud as they come: a row that stays as it was is left alone, however old it grows. */
const handed = new Rows({
  id: "handovers",
  async list() {
    const extension = me.entry?.extension;
    if (!extension) return new Map();
    const { handovers } = await ask("GET", `/v1/handovers?to=${encodeURIComponent(extension)}`);
    return new Map(handovers.map(({ age_seconds, ...item }) => [item.handover.id, item]));
  },
  row: handedRow,
  order: () => 0,
});

let expiry;

async function loadHandovers() {
  await handed.load();
  at("handed").hidden = handed.items.size === 0;
  clearTimeout(expiry);
  if (handed.items.size) expiry = setTimeout(() => tried(loadHandovers), 30_000);
}

// --- absence ---

function drawAbsences(entry) {
  me.entry = entry;
  const nameOfPerson = (id) => people.find((person) => person.id === id)?.name ?? id;
  const now = new Date();
  const today = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  const coming = entry.absences.filter((absence) => absence.to >= today);
  at("absences").replaceChildren(...coming.map((absence) => {
    const span = t("away_span", { from: onDay(absence.from), to: onDay(absence.to) });
    const deputy = absence.deputy ? t("stands_in", { who: nameOfPerson(absence.deputy) }) : t("no_deputy");
    const isOther = (other) => ["from", "to", "deputy"].some((part) => (other[part] ?? null) !== (absence[part] ?? null));
    const drop = button("remove", t("remove"), () => setAbsences((kept) => kept.filter(isOther)), "second");
    drop.setAttribute("aria-label", `${t("remove")}: ${span}`);
    return el("li", {}, `${span} · ${deputy} `, drop);
  }));
}

/** Absences are written whole: `change` makes the new ones of those that the desk has now, which others may have written. */
async function setAbsences(change) {
  const entry = await tried(async () => {
    ({ people } = await ask("GET", "/v1/directory"));
    const absences = change(people.find((person) => person.id === me.person)?.absences ?? []);
    return ask("PUT", `/v1/directory/people/${encodeURIComponent(me.person)}/absences`, { absences });
  });
  if (!entry) return false;
  drawAbsences(entry);
  say(t("saved"));
  return true;
}

at("absence").addEventListener("submit", async (event) => {
  event.preventDefault();
  const added = { from: at("from").value, to: at("to").value, deputy: at("deputy").value || null };
  if (await setAbsences((kept) => [...kept, added])) at("absence").reset();
});

// --- changes as they come ---

let events;

/** Once for many that come together: the company's programs write clients by the thousand. */
function soon(load) {
  let waits;
  return () => {
    waits ??= setTimeout(() => { waits = undefined; if (me) tried(load); }, 300);
  };
}

function listen() {
  events?.close();
  const stream = events = new EventSource("/v1/events");
  const told = (kind, heard) => stream.addEventListener(kind, (event) => {
    if (stream === events) tried(() => heard(JSON.parse(event.data)));
  });
  // Only once the desk is listened to, so that nothing falls between.
  stream.addEventListener("open", () => stream === events && tried(async () => { await load(); say(t("live")); }));
  stream.addEventListener("error", () => {
    if (stream !== events) return;
    say(t("no_desk"));
    // A refusal is final for the browser: the session has ended, or the desk is ending.
    if (stream.readyState === EventSource.CLOSED) {
      setTimeout(() => stream === events && ask("GET", "/v1/session").then(listen, (error) => error.status === 401 || listen()), 1000);
    }
  });
  told("order", async ({ id, state }) => {
    if (state === "draft" && !orders.items.has(id) && !orders.open) return;
    const before = orders.items.get(id)?.state;
    const entry = await getOrder(id);
    if (entry && entry.state !== before) say(t("order_is", { order: titled(entry), client: entry.client_name, state: known(`state_${entry.state}`, entry.state) }));
  });
  told("call", async ({ id }) => {
    const isNew = !calls.items.has(id);
    await calls.get(id, async () => named(await ask("GET", `/v1/calls/${id}`)));
    const item = calls.items.get(id);
    if (isNew && item) say(t("call_came", { client: item.name || t("nobody_known"), operator: who(item.call.operator) }));
  });
  told("task", soon(tasks.load));
  told("client", soon(() => Promise.all([unassigned.load(), orders.load(), calls.load()])));
  told("handover", loadHandovers);
  told("lost", load);
}

async function load() {
  await Promise.all([orders.load(), calls.load(), tasks.load(), unassigned.load(), loadHandovers()]);
}

// --- coming and going ---

let me;

// Whoever reads and asks for nothing is there all the same.
setInterval(() => me && Date.now() - acted < 60_000 && ask("GET", "/v1/session").catch(() => {}), 60_000);

async function enter(who) {
  me = who;
  const directory = await ask("GET", "/v1/directory");
  people = directory.people;
  at("who").textContent = `${me.entry?.name ?? me.person} · ${known(`role_${me.role}`, me.role)}`;
  at("log-in").hidden = true;
  at("desk").hidden = at("log-out").hidden = false;
  at("new").hidden = !["head", "admin"].includes(me.role);
  at("away").hidden = !me.entry;
  at("deputy").replaceChildren(el("option", { value: "" }, t("no_deputy")),
    ...people.filter((person) => person.id !== me.person).map((person) => el("option", { value: person.id }, person.name)));
  if (me.entry) drawAbsences(me.entry);
  warn("");
  listen();
}

/** The page begins anew: nothing of a client stays in it, and no answer under way comes to whoever logs in next. */
function leave(why) {
  if (document.body.hidden) return;
  events?.close();
  events = undefined;
  document.body.hidden = true;
  sessionStorage.setItem("why", why);
  location.reload();
}

at("log-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const submit = at("log-in").querySelector("button");
  submit.disabled = true;
  const who = await tried(() => ask("POST", "/v1/session", { person: at("person").value.trim(), password: at("password").value }));
  submit.disabled = false;
  at("password").value = "";
  if (!who) return at("password").focus();
  await tried(() => enter(who));
  at("orders-title").tabIndex = -1;
  at("orders-title").focus();
});

at("log-out").addEventListener("click", async () => {
  if (await tried(async () => { await ask("DELETE", "/v1/session"); return true; })) leave(t("logged_out"));
});

for (const link of document.querySelectorAll("nav a")) {
  if (link.lang === lang) link.setAttribute("aria-current", "true");
}

const why = sessionStorage.getItem("why") ?? "";
sessionStorage.removeItem("why");
try {
  await enter(await ask("GET", "/v1/session"));
} catch (error) {
  me = undefined;
  at("log-in").hidden = false;
  warn(error.status === 401 ? why : error.message);
  at("person").focus();
}
