import {byId, count, make, notice, put} from './dom.js';

let indexes = [];
let page = 1;
let chosen = {}; // facet -> Set of values
let last = null; // what was asked, and the answer's text
let running = 0;

const headers = () => (byId('key').value ? {'X-Api-Key': byId('key').value} : {});
const current = () => indexes.find((index) => index.name === byId('index').value);
const words = (text) => text.split(',').map((word) => word.trim()).filter(Boolean);

async function ask(path) {
  const answer = await fetch(path, {headers: headers(), cache: 'no-store', signal: AbortSignal.timeout(20000)});
  const text = await answer.text();
  let body = {};
  try { body = JSON.parse(text); } catch { /* an answer that is not JSON is reported by its status */ }
  return {code: answer.status, text, body};
}

function parameters() {
  const out = new URLSearchParams();
  if (byId('q').value.trim()) out.set('q', byId('q').value.trim());
  if (byId('typos').value !== 'auto') out.set('typos', byId('typos').value);
  if (byId('filter').value.trim()) out.set('filter', byId('filter').value.trim());
  const facets = words(byId('facets').value);
  if (facets.length) out.set('facets', facets.join(','));
  for (const facet of facets) for (const value of chosen[facet] ?? []) out.append(`facet.${facet}`, value);
  const shown = (current()?.fields ?? []).filter((field) => field.searchable).slice(0, 10).map((field) => field.path);
  if (out.has('q') && shown.length) out.set('highlight', shown.join(','));
  if (page > 1) out.set('page', page);
  return out;
}

/** Words for an answer that is none. */
function problem(answer) {
  const {code, body} = answer;
  if (code === 401) {
    byId('more').open = true;
    return notice('No permission', byId('key').value ? body.detail : 'An API key is needed: enter it under “Facets, fields, API key”.');
  }
  if (code === 403) return notice('No permission', body.detail);
  if (code === 404 && body.code === 'not_found' && !indexes.length) {
    return notice('Search is not available here', 'This process does not serve searches, or its admin port listens beyond loopback without API keys: see auth in the configuration.');
  }
  if (body.code === 'index_not_ready') return notice('The index is not ready yet', 'It is being created; see the status.');
  if (code === 502 || code === 503) return notice('The search engine does not answer', `${body.detail ?? ''} Searches recover as soon as it does.`, 'bad');
  return notice(body.title ?? `Error ${code}`, body.errors?.[0]?.detail ?? body.detail, 'bad');
}

/** "… <em>x</em> &amp; …", escaped by the API, as text nodes and marks. */
function highlighted(text) {
  const plain = (part) => part.replace(/&(lt|gt|quot|#39|#x27|#x2F|#x2f|#47|amp);/g, (_, name) =>
    ({lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'", '#x27': "'", '#x2F': '/', '#x2f': '/', '#47': '/'})[name]);
  return text.split(/(<em>.*?<\/em>)/s).map((part) =>
    part.startsWith('<em>') ? make('mark', {}, plain(part.slice(4, -5))) : plain(part));
}

function hit(one) {
  const lines = Object.entries(one.highlight ?? {}).flatMap(([path, texts]) =>
    texts.slice(0, 2).map((text) => make('p', {}, make('span', {class: 'soft'}, `${path}: `), ...highlighted(text))));
  const summary = Object.entries(one.document ?? {}).filter(([, value]) => typeof value === 'string' && value)
    .slice(0, 2).map(([path, value]) => make('p', {}, make('span', {class: 'soft'}, `${path}: `), value.slice(0, 240)));
  return make('li', {class: 'hit'},
    make('header', {}, make('h2', {}, one.id), Number(one.score) > 0 && make('span', {class: 'soft'}, `score ${Number(one.score).toPrecision(3)}`)),
    ...(lines.length ? lines : summary),
    make('details', {}, make('summary', {}, 'Document'), make('pre', {tabindex: 0}, JSON.stringify(one.document, null, 2))));
}

function facetList(facets = {}) {
  const groups = Object.entries(facets).filter(([, facet]) => facet.values.length);
  byId('found').classList.toggle('plain', groups.length === 0);
  byId('facet-list').replaceChildren(...groups.flatMap(([name, facet]) => [
    make('h2', {}, name),
    ...facet.values.slice(0, 10).map(({value, count: number}) => {
      const text = String(value);
      const on = chosen[name]?.has(text) ?? false;
      return make('button', {'aria-pressed': String(on), onclick: () => toggle(name, text)}, make('span', {}, text), make('span', {}, count(number)));
    })]));
}

function toggle(name, value) {
  chosen[name] ??= new Set();
  if (!chosen[name].delete(value)) chosen[name].add(value);
  page = 1;
  run();
}

function showAnswer(body) {
  const {total, meta, hits} = body;
  const number = `${total.relation === 'gte' ? 'more than ' : ''}${count(total.value)} found`;
  byId('summary').textContent = `${number} in ${meta.took_ms} ms, ${count(meta.lag_ms)} ms behind PostgreSQL`;
  byId('hits').replaceChildren(...(hits.length ? hits.map(hit)
    : [make('li', {class: 'hint'}, 'Nothing matches. Fewer words, more typos, or no filter find more.')]));
  facetList(body.facets);
  byId('previous').disabled = page === 1;
  byId('next').disabled = hits.length < (body.page?.size ?? 20) || page * (body.page?.size ?? 20) >= 10000;
  byId('json').textContent = JSON.stringify(body, null, 2);
}

async function run() {
  if (!current()) return;
  const mine = ++running;
  const path = `/v1/${encodeURIComponent(current().name)}/search?${parameters()}`;
  byId('answer').setAttribute('aria-busy', 'true');
  let answer;
  try {
    answer = await ask(path);
  } catch {
    answer = {code: 0, body: {title: 'pgsluice does not answer', detail: 'The process is stopped or cannot be reached.'}};
  }
  if (mine !== running) return; // a later one is on its way
  byId('answer').removeAttribute('aria-busy');
  byId('answer').hidden = answer.code !== 200;
  byId('notice').replaceChildren(...(answer.code === 200 ? [] : [problem(answer)]));
  if (answer.code !== 200) return;
  last = path;
  showAnswer(answer.body);
}

let checking;
/** Asks for the count, so that a mistake in the filter shows while it is typed. */
async function checkFilter() {
  clearTimeout(checking);
  const note = byId('filter-note');
  const text = byId('filter').value.trim();
  const say = (words, bad) => {
    note.textContent = words;
    note.className = bad ? 'note bad' : 'note';
    byId('filter').setAttribute('aria-invalid', String(Boolean(bad)));
  };
  if (!text || !current()) return say('', false);
  checking = setTimeout(async () => {
    try {
      const answer = await ask(`/v1/${encodeURIComponent(current().name)}/count?${new URLSearchParams({filter: text})}`);
      if (byId('filter').value.trim() !== text) return;
      const error = answer.body.errors?.[0];
      if (answer.code === 200) say(`${count(answer.body.count)} documents match`, false);
      else say((error?.offset === undefined || error.offset === null ? '' : `at ${error.offset + 1}: `) + (error?.detail ?? answer.body.detail ?? `error ${answer.code}`), true);
    } catch {
      say('', false);
    }
  }, 250);
}

function pickIndex() {
  const fields = current()?.fields ?? [];
  chosen = {};
  page = 1;
  const good = fields.filter((field) => field.facetable && !/(^|[._])id$/.test(field.path) && !/^(date|timestamp|numeric|int|bigint|double|real)/.test(field.type));
  byId('facets').value = (good.filter((field) => field.path.includes('.') || !field.searchable).length ? good.filter((field) => field.path.includes('.') || !field.searchable) : [])
    .slice(0, 3).map((field) => field.path).join(', ');
  byId('fields').textContent = fields.filter((field) => field.filterable).map((field) => field.path).join(', ');
  checkFilter();
  run();
}

async function load() {
  let answer;
  try {
    answer = await ask('/v1/indexes');
  } catch {
    answer = {code: 0, body: {title: 'pgsluice does not answer'}};
  }
  if (answer.code !== 200) {
    indexes = [];
    byId('notice').replaceChildren(problem(answer));
    byId('answer').hidden = true;
    return;
  }
  indexes = answer.body.indexes;
  byId('notice').replaceChildren(...(indexes.length ? [] : [notice('There is no index to search', 'None is configured, or none that this key may see.')]));
  const before = byId('index').value;
  put(byId('index'), indexes.map((index) => index.name), () => indexes.map((index) => make('option', {}, index.name)));
  if (indexes.some((index) => index.name === before)) byId('index').value = before;
  pickIndex();
}

async function copy() {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const key = byId('key').value ? ` -H 'X-Api-Key: YOUR_KEY'` : '';
  const command = `curl${key} ${quoted(location.origin + last)}`;
  try {
    await navigator.clipboard.writeText(command);
    byId('curl').textContent = 'Copied';
  } catch { // no permission, or no secure context: show it to be copied by hand
    byId('json').hidden = false;
    byId('json').textContent = command;
  }
  setTimeout(() => { byId('curl').textContent = 'Copy as curl'; }, 1500);
}

export function startSearch() {
  byId('form').addEventListener('submit', (event) => {
    event.preventDefault();
    page = 1;
    if (indexes.length) run(); else load();
  });
  byId('index').addEventListener('change', pickIndex);
  byId('filter').addEventListener('input', checkFilter);
  byId('key').addEventListener('change', load);
  byId('curl').addEventListener('click', copy);
  byId('raw').addEventListener('click', () => {
    const on = byId('raw').getAttribute('aria-pressed') !== 'true';
    byId('raw').setAttribute('aria-pressed', String(on));
    byId('json').hidden = !on;
    byId('found').hidden = on;
  });
  const turn = (by) => () => { page += by; run(); };
  byId('previous').addEventListener('click', turn(-1));
  byId('next').addEventListener('click', turn(1));
  return {shown() { if (!indexes.length) load(); }};
}
