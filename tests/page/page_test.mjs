// The page on the admin port in headless Chromium, against real servers.
import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {psql, Service} from './service.mjs';

// Where the packages were installed: node looks beside this file only.
const load = createRequire(path.join(process.env.PAGE_TEST_MODULES, 'package.json'));
const {chromium} = load('playwright-core');
const axe = await readFile(load.resolve('axe-core/axe.min.js'), 'utf8');
const shots = process.env.PAGE_TEST_SCREENSHOTS;

const KEY = 'page-test';
const SCHEMA = `
  CREATE TABLE items (id int PRIMARY KEY, title text NOT NULL, kind varchar(20), price numeric);
  INSERT INTO items SELECT i, 'Item ' || i || ' of the shelf', CASE WHEN i % 3 = 0 THEN 'book' ELSE 'tool' END, i FROM generate_series(1, 60) i;
  INSERT INTO items VALUES (100, 'evil <img src=x onerror="document.title=''hacked''"> shelf', 'book', 1);`;
const CONFIG = {
  indexes: {items: {table: 'public.items', mapping: {kind: {type: 'keyword'}}}},
  auth: {keys: [{name: 'test', sha256: (await import('node:crypto')).createHash('sha256').update(KEY).digest('hex'), policy: 'all'}],
    policies: {all: {indexes: {'*': {}}}}},
};

const service = new Service();
const profile = mkdtempSync(path.join(tmpdir(), 'pgsluice-chromium-'));
let browser, page;
const complaints = [];

before(async () => {
  await service.start(SCHEMA, CONFIG);
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium', headless: true, bypassCSP: false,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  await browser.grantPermissions(['clipboard-read', 'clipboard-write'], {origin: service.admin});
  page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // The browser itself writes a line for every answer that is an error, which some tests ask for.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(service.admin) && !/^(data|about):/.test(request.url())) complaints.push(`asks ${request.url()}`);
  });
}, {timeout: 120000});

after(async () => {
  await browser?.close();
  await service.stop();
  rmSync(profile, {recursive: true, force: true});
});

const text = (selector, wanted, timeout = 60000) =>
  page.locator(selector, {hasText: wanted}).first().waitFor({timeout});

async function shot(name) {
  if (!shots) return;
  mkdirSync(shots, {recursive: true});
  await page.screenshot({path: path.join(shots, `${name}.png`), fullPage: true});
}

async function accessible() {
  // Run as the devtools do, which the page's own policy does not concern.
  const session = await browser.newCDPSession(page);
  await session.send('Runtime.evaluate', {expression: axe});
  const {result} = await session.send('Runtime.evaluate', {
    expression: 'axe.run(document).then((found) => JSON.stringify(found.violations.map((one) => [one.id, one.nodes.map((node) => node.html)])))',
    awaitPromise: true, returnByValue: true,
  });
  assert.deepEqual(JSON.parse(result.value), []);
}

async function openSearch() {
  await page.goto('about:blank'); // else only the hash changes, and what was typed stays
  await page.goto(`${service.admin}/#search`);
  await text('#notice', 'No permission'); // opens what the key is entered in
  await page.fill('#key', KEY);
  await page.locator('#key').press('Tab');
  await text('#summary', 'found');
}

test('is small, and allows itself nothing from elsewhere', async () => {
  let size = 0;
  for (const file of ['/', '/page.css', '/page.js', '/dom.js', '/status.js', '/search.js']) {
    const answer = await fetch(service.admin + file);
    assert.equal(answer.status, 200, file);
    const policy = answer.headers.get('content-security-policy');
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    size += gzipSync(Buffer.from(await answer.arrayBuffer())).length;
  }
  assert.ok(size < 60000, `${size} bytes`);
});

test('status: healthy, counts, tables, no violations', async () => {
  await page.goto(service.admin);
  await text('#health-text', 'Healthy');
  await text('#indexes .card', 'items');
  await text('#indexes dd', '61');
  await text('#tables td', 'public.items');
  assert.match(await page.textContent('#versions'), /^pgsluice \d.* · PostgreSQL \d.* · (OpenSearch|Elasticsearch) \d/);
  await accessible();
  await shot('status');
});

test('search asks for a key, then finds', async () => {
  await page.goto(`${service.admin}/#search`);
  await text('#notice', 'No permission');
  await accessible();
  await shot('no-permission');
  await openSearch();
  await page.fill('#q', 'shelv');
  await page.locator('#q').press('Enter');
  await text('#summary', '61 found');
  await text('mark', 'shelf');
  await text('#facet-list h2', 'kind');
  await accessible();
  await shot('search');
});

test('markup in a row stays text', async () => {
  await openSearch();
  await page.fill('#q', 'evil');
  await page.locator('#q').press('Enter');
  await text('#hits', '<img src=x onerror=');
  assert.equal(await page.locator('#hits img').count(), 0);
  assert.doesNotMatch(await page.title(), /hacked/);
  await shot('markup');
});

test('filter is checked while it is typed; facets narrow; copy and JSON', async () => {
  await openSearch();
  await page.fill('#filter', 'prise < 5');
  await text('#filter-note.bad', 'price');
  await page.fill('#filter', 'price < 5 AND kind = tool');
  await text('#filter-note', '3 documents match');
  await page.locator('#filter').press('Enter');
  await text('#summary', '3 found');
  await page.fill('#filter', '');
  await page.locator('#filter').press('Enter');
  await page.locator('#facet-list button', {hasText: 'book'}).click();
  await text('#summary', '21 found');
  await page.locator('#curl').click();
  await text('#curl', 'Copied');
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(command, /^curl -H 'X-Api-Key: YOUR_KEY' 'http:.*\/v1\/items\/search\?.*facet\.kind=book/);
  await page.locator('#raw').click();
  await text('#json', '"hits"');
});

test('works from the keyboard', async () => {
  await page.goto(`${service.admin}/#status`);
  await page.locator('#tab-status').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'tab-search');
  await page.locator('#search').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'index');
});

test('nothing is cut off at 360 px, light and dark', async () => {
  await page.setViewportSize({width: 360, height: 740});
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({colorScheme: scheme});
    await page.goto(`${service.admin}/#status`);
    await text('#indexes .card', 'items');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await accessible();
    await shot(`status-360-${scheme}`);
    await openSearch();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await accessible();
    await shot(`search-360-${scheme}`);
  }
  await page.emulateMedia({colorScheme: 'light'});
  await page.setViewportSize({width: 1280, height: 800});
});

test('a change in PostgreSQL shows within two seconds', async () => {
  await page.goto(`${service.admin}/#status`);
  await text('#indexes dd', '61');
  psql("INSERT INTO items VALUES (200, 'new one', 'tool', 2)");
  await text('#indexes dd', '62', 4000);
});

test('backfill and reindex show how far they are', async () => {
  const states = {
    backfill: {state: 'backfilling', backfill: {done: 1200, total: 4000, eta_s: 95}},
    reindex: {state: 'reindexing', building: 'items-000002', backfill: {done: 3000, total: 4000, eta_s: null}},
    compared: {state: 'reindexing', building: 'items-000002', backfill: null},
    needed: {state: 'reindex_needed', building: null, backfill: null, reason: "the mapping no longer fits: cannot change from [long] to [text]; run 'pgsluice reindex items'"},
  };
  const shown = {backfill: '1,200 of 4,000, 1 min 35 s to go', reindex: 'items-000002: 3,000 of 4,000', compared: 'items-000002 is compared', needed: "run 'pgsluice reindex items'"};
  let state;
  await page.route('**/status', async (route) => {
    const status = await (await route.fetch()).json();
    Object.assign(status.indexes.items, state);
    await route.fulfill({json: status});
  });
  await page.goto(`${service.admin}/#status`);
  for (const name of Object.keys(states)) {
    state = states[name];
    await text('#indexes .card', shown[name]);
    await accessible();
    await shot(name);
  }
  await page.unrouteAll({behavior: 'ignoreErrors'});
});

test('what the comparison in the background found is shown', async () => {
  await page.route('**/status', async (route) => {
    const status = await (await route.fetch()).json();
    for (const index of Object.values(status.indexes)) {
      index.verified = {complete_at: new Date().toISOString(), compared: 3, differences: 0, repaired: 0};
    }
    await route.fulfill({json: status});
  });
  await page.goto(`${service.admin}/#status`);
  await text('#verified', 'Every document compared within the last 24 h: 0 differences');
  await accessible();
  await page.unrouteAll({behavior: 'ignoreErrors'});
});

test('dead letters are shown with their reason and retried', async () => {
  // As one whose cause is gone: the key is that of a row which the engine takes.
  psql(`INSERT INTO pgsluice.dead_letter (index_name, document_id, key, error, status)
        VALUES ('items', '7', '["7"]', 'mapper_parsing_exception: <b>no</b> date', 400)`);
  await page.goto(`${service.admin}/#status`);
  await text('#dead-list td', 'mapper_parsing_exception: <b>no</b> date');
  await accessible();
  await shot('dead-letters');
  await page.locator('#dead-list button').click();
  await text('#retried', '1 to be written again');
  await page.locator('#dead').waitFor({state: 'hidden', timeout: 60000});
});

test('the engine goes and comes back', async () => {
  await page.goto(`${service.admin}/#status`);
  await text('#health-text', 'Healthy');
  const {port} = service.toEngine;
  await service.toEngine.cut();
  psql("UPDATE items SET title = 'while it was away' WHERE id = 1");
  await text('#trouble', 'The search engine cannot be used', 30000);
  await shot('engine-down');
  await service.toEngine.open(port);
  await text('#health-text', 'Healthy', 60000);
  await page.locator('#trouble .notice').waitFor({state: 'detached'});
});

test('the database goes and comes back', async () => {
  await page.goto(`${service.admin}/#status`);
  await text('#health-text', 'Healthy');
  const {port} = service.toDatabase;
  await service.toDatabase.cut();
  await text('#trouble', 'PostgreSQL cannot be used', 30000);
  await shot('database-down');
  await service.toDatabase.open(port);
  await text('#health-text', 'Healthy', 60000);
});

test('a retry from another site is refused', async () => {
  const answer = await fetch(`${service.admin}/dead-letters/retry`, {method: 'POST', headers: {'Content-Type': 'text/plain'}, body: '{}'});
  assert.equal(answer.status, 415);
});

test('the process is gone', async () => {
  await page.goto(`${service.admin}/#status`);
  await text('#health-text', 'Healthy');
  await service.stop();
  await text('#trouble', 'pgsluice does not answer');
  await shot('gone');
  service.stop = async () => {};
});

test('nothing was written to the console, nothing asked from elsewhere', () => assert.deepEqual(complaints, []));
