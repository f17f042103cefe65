import {byId, count, duration, make, notice, put} from './dom.js';

const EVERY_MS = 1000;
const KEPT = 300; // samples of the sparkline: five minutes
const lags = [];
let lastWritten = null; // {at, byIndex} of the metrics
let seenDead = '';

const STATES = {
  live: ['good', 'live'],
  backfilling: ['warn', 'backfilling'],
  reindexing: ['warn', 'reindexing'],
  reindex_needed: ['bad', 'reindex needed'],
  broken: ['bad', 'broken'],
  blocked: ['bad', 'blocked'],
  not_configured: ['warn', 'not configured'],
};

const key = () => (byId('key')?.value ? {'X-Api-Key': byId('key').value} : {});

async function ask(path) {
  const answer = await fetch(path, {headers: key(), cache: 'no-store', signal: AbortSignal.timeout(10000)});
  return {code: answer.status, text: await answer.text()};
}

/** Sums pgsluice_documents_indexed_total by index. */
function written(metrics) {
  const sums = {};
  for (const line of metrics.matchAll(/^pgsluice_documents_indexed_total\{(.*)\} (\S+)$/gm)) {
    const index = /index="((?:[^"\\]|\\.)*)"/.exec(line[1]);
    if (index) sums[index[1]] = (sums[index[1]] || 0) + Number(line[2]);
  }
  return sums;
}

function rates(metrics) {
  const now = {at: performance.now(), byIndex: written(metrics)};
  const before = lastWritten;
  lastWritten = now;
  if (!before) return {};
  const seconds = (now.at - before.at) / 1000;
  return Object.fromEntries(Object.entries(now.byIndex).map(([index, sum]) =>
    [index, Math.max(0, sum - (before.byIndex[index] ?? sum)) / seconds]));
}

function health(kind, text) {
  byId('health').className = kind;
  if (byId('health-text').textContent !== text) byId('health-text').textContent = text;
  document.title = kind === 'good' ? 'pgsluice' : `(!) pgsluice`;
}

/** What is wrong, in words an operator can act on. */
function trouble(reason) {
  const [part] = reason.split(':');
  const rest = reason.slice(part.length + 1).trim().replace(/[^.?!]$/, '$&.');
  if (part === 'database') return ['PostgreSQL cannot be used', `${rest} Changes wait in their tables; nothing is lost.`];
  if (part === 'engine') return ['The search engine cannot be used', `${rest} Changes wait in the outbox; nothing is lost.`];
  if (part.startsWith('database ')) return ['A database is in trouble, the others continue', reason];
  if (part.startsWith('index ')) return ['An index is in trouble, the others continue', reason];
  if (part === 'sync') return ['The sync is stuck', rest];
  return ['Not ready yet', reason];
}

function sparkline() {
  const top = Math.max(100, ...lags);
  const step = 300 / (KEPT - 1);
  const from = 300 - (lags.length - 1) * step;
  const path = lags.map((lag, i) => `${i ? 'L' : 'M'}${(from + i * step).toFixed(1)} ${(39 - (lag / top) * 38).toFixed(1)}`).join('');
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [key, value] of Object.entries({viewBox: '0 0 300 40', preserveAspectRatio: 'none', role: 'img', 'aria-label': `Lag since the page was opened, up to ${duration(Math.max(0, ...lags))}`})) svg.setAttribute(key, value);
  for (const [kind, way] of [['axis', 'M0 39.5H300'], ['line', path]]) {
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    line.setAttribute('class', kind);
    line.setAttribute('d', way);
    svg.append(line);
  }
  return [svg, make('span', {}, `lag, last ${Math.max(1, Math.round(lags.length * EVERY_MS / 60000))} min, peak ${duration(Math.max(0, ...lags))}`)];
}

function figures(status) {
  const figure = (value, name) => make('div', {class: 'figure'}, make('b', {}, value), make('span', {}, name));
  byId('figures').setAttribute('aria-busy', 'false');
  byId('figures').replaceChildren(
    figure(duration(status.lag_ms), 'behind'),
    figure(count(status.pending), 'changes pending'),
    figure(count(status.dead_letters), 'dead letters'),
    make('div', {class: 'figure chart'}, ...sparkline()));
}

/** How far a backfill, or the next index of a reindex, is. */
function progress(name, {backfill, building, state}) {
  if (!backfill) return building && state === 'reindexing' && make('p', {class: 'soft'}, `${building} is compared`);
  const left = backfill.eta_s ?? undefined;
  return make('div', {},
    make('progress', {max: backfill.total || 1, value: backfill.done, 'aria-label': `${building ? 'Reindex' : 'Backfill'} of ${name}`}),
    make('span', {class: 'soft'}, `${building ? `${building}: ` : ''}${count(backfill.done)} of ${count(backfill.total)}${left === undefined ? '' : `, ${duration(left * 1000)} to go`}`));
}

function card(name, index, rate) {
  const [kind, state] = STATES[index.state] ?? ['warn', index.state];
  const row = (term, value) => [make('dt', {}, term), make('dd', {}, value)];
  return make('article', {class: 'card'},
    make('header', {}, make('h3', {}, name), make('span', {class: `tag ${kind}`}, state)),
    index.reason ? make('p', {class: 'soft'}, index.reason) : undefined,
    index.remedy ? make('p', {class: 'soft'}, `To do: ${index.remedy}`) : undefined,
    make('dl', {},
      ...row('documents', count(index.documents)),
      ...(index.unsearchable ? row('with values that no search finds', count(index.unsearchable)) : []),
      ...row('writes', rate === undefined ? '–' : `${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))} / s`),
      ...row('pending', count(index.pending)),
      ...row('dead letters', count(index.dead_letters))),
    progress(name, index));
}

/** What the comparison in the background found. Hidden if it does not run. */
function verified(status) {
  const all = Object.values(status.indexes ?? {}).filter((index) => index.state !== 'not_configured');
  const done = all.filter((index) => index.verified);
  const recent = done.filter((index) => Date.now() - Date.parse(index.verified.complete_at) < 24 * 3600 * 1000);
  const sum = (name) => done.reduce((total, index) => total + Number(index.verified[name]), 0);
  const differences = sum('differences');
  byId('verified').hidden = done.length === 0;
  byId('verified').textContent = recent.length < all.length
    ? `${recent.length} of ${all.length} indexes compared within the last 24 h`
    : `Every document compared within the last 24 h: ${count(differences)} ${differences === 1 ? 'difference' : 'differences'}${differences ? `, ${count(sum('repaired'))} repaired` : ''}`;
}

function indexes(status, rate) {
  const names = Object.keys(status.indexes ?? {});
  put(byId('indexes'), [status.indexes, rate], () => [names.length === 0
    ? make('p', {class: 'hint'}, status.reason ? 'Not known while the database cannot be reached.' : 'None yet: no table is configured, or the first check of the database has not finished.')
    : make('div', {class: 'cards'}, ...names.map((name) => card(name, status.indexes[name], rate[name])))]);
}

function tables(status) {
  const names = Object.keys(status.tables ?? {});
  put(byId('tables'), status.tables, () => [names.length === 0
    ? make('p', {class: 'hint'}, 'No table has triggers. Run pgsluice migrate up, then pgsluice attach.')
    : make('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'List of tables'}, make('table', {},
        make('thead', {}, make('tr', {}, make('th', {scope: 'col'}, 'Table'), make('th', {scope: 'col'}, 'Triggers'))),
        make('tbody', {}, ...names.map((name) => make('tr', {}, make('td', {}, name),
          make('td', {}, status.tables[name].attached ? `attached, per ${status.tables[name].mode}` : 'not attached')))))) ]);
  const {engine, pgsluice, postgresql} = status.versions ?? {};
  put(byId('versions'), status.versions, () => [[pgsluice && `pgsluice ${pgsluice}`, postgresql && `PostgreSQL ${postgresql}`, engine].filter(Boolean).join(' · ')]);
}

async function retry(id) {
  const answer = await fetch(`/dead-letters/retry${id === undefined ? '' : `?id=${id}`}`,
    {method: 'POST', headers: {...key(), 'Content-Type': 'application/json'}});
  byId('retried').textContent = answer.ok ? `${(await answer.json()).retried} to be written again` : 'Could not be retried.';
  seenDead = '';
}

/** Ids are row values: they are left out for callers without an admin key. */
const nameOf = (letter) => (letter.document_id ? `${letter.index}/${letter.document_id}` : `${letter.index} (number ${letter.id})`);

async function deadLetters(status) {
  byId('dead').hidden = !status.dead_letters;
  const key = `${status.dead_letters} ${status.pending === 0}`;
  if (!status.dead_letters || key === seenDead) return;
  const answer = await ask('/dead-letters');
  if (answer.code !== 200) return;
  seenDead = key;
  const letters = JSON.parse(answer.text);
  const head = ['Document', 'Reason', 'Tries', 'Last', ''].map((text) =>
    text ? make('th', {scope: 'col'}, text) : make('td'));
  put(byId('dead-list'), letters, () => [make('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'List of dead letters'}, make('table', {},
    make('thead', {}, make('tr', {}, ...head)),
    make('tbody', {}, ...letters.slice(0, 100).map((letter) => make('tr', {},
      make('td', {}, nameOf(letter)), make('td', {}, letter.error),
      make('td', {}, count(letter.attempts)), make('td', {}, letter.last_at),
      make('td', {}, make('button', {'aria-label': `Retry ${nameOf(letter)}`, onclick: () => retry(letter.database ? `${letter.database}:${letter.id}` : letter.id)}, 'Retry'))))))),
    letters.some((letter) => !letter.document_id) && make('p', {class: 'hint'}, 'Ids and reasons contain values of rows. Enter a key with an admin policy to see them, or use: pgsluice dead-letters list.'),
    letters.length > 100 && make('p', {class: 'hint'}, `The first 100 of ${count(letters.length)}: pgsluice dead-letters list shows all.`)].filter(Boolean));
}

async function look() {
  let status, reason, rate;
  try {
    const [first, ready, metrics] = await Promise.all([ask('/status'), ask('/readyz'), ask('/metrics')]);
    status = JSON.parse(first.text);
    reason = ready.code === 200 ? '' : JSON.parse(ready.text).reason;
    rate = rates(metrics.text);
  } catch {
    health('bad', 'No answer');
    put(byId('trouble'), 'gone', () => [notice('pgsluice does not answer', 'The process is stopped or cannot be reached. The last known state is shown below.', 'bad')]);
    return;
  }
  if (status.lag_ms !== undefined) {
    lags.push(Number(status.lag_ms));
    if (lags.length > KEPT) lags.shift();
  }
  const preparing = reason === 'the indexes are being prepared';
  if (reason) health(preparing ? 'warn' : 'bad', preparing ? 'Preparing' : 'Not ready');
  else if (status.dead_letters > 0) health('warn', 'Running, with dead letters');
  else if (status.phase === 'backfilling') health('warn', 'Backfilling');
  else health('good', 'Healthy');
  put(byId('trouble'), reason, () => (reason ? [notice(...trouble(reason), preparing ? 'warn' : 'bad')] : []));
  figures(status);
  indexes(status, rate);
  verified(status);
  if (status.tables) tables(status);
  await deadLetters(status);
}

export function startStatus() {
  let running = false;
  const loop = async () => {
    if (document.hidden || running) return; // costs nothing while the page is hidden
    running = true;
    await look().catch(() => {});
    running = false;
    setTimeout(loop, EVERY_MS);
  };
  document.addEventListener('visibilitychange', loop);
  byId('retry-all').addEventListener('click', () => retry());
  loop();
  return {shown() {}};
}
