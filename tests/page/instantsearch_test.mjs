// instantsearch.js in headless Chromium, with only its address changed, by clients of two generations.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import http from 'node:http';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {freePort, Service} from './service.mjs';

const load = createRequire(path.join(process.env.PAGE_TEST_MODULES, 'package.json'));
const {chromium} = load('playwright-core');
const packages = path.join(process.env.PAGE_TEST_MODULES, 'node_modules');
const CLIENTS = {
  4: 'algoliasearch-4/dist/algoliasearch-lite.umd.js',
  5: 'algoliasearch-5/dist/lite/builds/browser.umd.js',
};
const KEY = 'instant-test';
const SCHEMA = `
  CREATE TABLE makers (id int PRIMARY KEY, name varchar(40) NOT NULL);
  INSERT INTO makers VALUES (1, 'Acme'), (2, 'Bolt & Sons'), (3, 'Cord');
  CREATE TABLE items (id int PRIMARY KEY, title text NOT NULL, kind varchar(20), price numeric, size int, maker_id int REFERENCES makers, secret text);
  CREATE INDEX ON items (maker_id);
  INSERT INTO items SELECT i, CASE WHEN i % 2 = 0 THEN 'Red lamp ' ELSE 'Blue chair ' END || i,
    (ARRAY['book', 'tool', 'toy'])[1 + i % 3], i, i % 7, 1 + i % 3, 'secretword' FROM generate_series(1, 60) i;
  INSERT INTO items VALUES (100, 'Evil <img src=x onerror="document.title=''hacked''"> lamp', 'tool', 1000, 1, 1, 'secretword');`;
const page_port = await freePort();
const origin = `http://127.0.0.1:${page_port}`;
const CONFIG = {
  cors_origins: [origin],
  indexes: {items: {table: 'public.items', exclude: ['maker_id'], embed: {maker: {table: 'makers', on: {maker_id: 'id'}}}, mapping: {kind: {type: 'keyword'}}}},
  auth: {keys: [{name: 'web', sha256: createHash('sha256').update(KEY).digest('hex'), policy: 'web'}],
    policies: {web: {indexes: {items: {hidden: ['secret']}}}}},
};

const service = new Service();
const profile = mkdtempSync(path.join(tmpdir(), 'pgsluice-chromium-'));
let browser, page, files;
const complaints = [];

before(async () => {
  await service.start(SCHEMA, CONFIG);
  files = http.createServer(async (request, response) => {
    const url = new URL(request.url, origin);
    const client = CLIENTS[url.pathname.match(/^\/(\d)\//)?.[1]];
    const file = url.pathname.endsWith('/client.js') ? path.join(packages, client)
      : url.pathname.endsWith('/instantsearch.js') ? path.join(packages, 'instantsearch.js/dist/instantsearch.production.min.js')
        : new URL('instantsearch.html', import.meta.url);
    const text = String(await readFile(file));
    const [, generation] = url.pathname.split('/');
    response.setHeader('Content-Type', url.pathname.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(url.pathname.endsWith('.js') ? text : text.replaceAll('src="/', `src="/${generation}/`));
  }).listen(page_port, '127.0.0.1');
  await once(files, 'listening');
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium', headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('favicon')) complaints.push(message.text());
  });
}, {timeout: 120000});

after(async () => {
  await browser?.close();
  files?.close();
  await service.stop();
  rmSync(profile, {recursive: true, force: true});
});

const text = (selector, wanted) => page.locator(selector, {hasText: wanted}).first().waitFor({timeout: 60000})
  .catch(async (error) => assert.fail(`${error.message}\nthe page: ${await page.title()}: ${await page.locator(selector).allInnerTexts()}`));
const texts = (selector) => page.locator(selector).allInnerTexts();
const facet = (list, value) => page.locator(`${list} label`, {hasText: value}).first().click();

async function open(generation) {
  await page.goto(`${origin}/${generation}/?${new URLSearchParams({api: service.api, key: KEY})}`);
  await text('#stats', '61 results');
}

for (const generation of Object.keys(CLIENTS)) {
  test(`client ${generation}: hits with highlights, pages`, async () => {
    await open(generation);
    assert.equal((await texts('#hits li')).length, 5);
    await page.fill('#box input', 'lapm');
    await text('#stats', '31 results');
    await page.fill('#box input', 'lamp');
    await text('#stats', '31 results');
    await text('#hits mark', 'lamp');
    const first = await texts('#hits b');
    await page.locator('#pages a', {hasText: '7'}).click();
    await page.locator('#hits li').nth(1).waitFor({state: 'detached'});
    assert.equal((await texts('#hits li')).length, 1);
    assert.ok(!first.includes((await texts('#hits b'))[0]));
  });

  test(`client ${generation}: facets that do not narrow themselves`, async () => {
    await open(generation);
    assert.deepEqual((await texts('#kind .ais-RefinementList-count')), ['21', '20', '20']);
    await facet('#kind', 'book');
    await text('#stats', '20 results');
    assert.equal((await texts('#kind li')).length, 3);
    await facet('#kind', 'toy');
    await text('#stats', '40 results');
    assert.deepEqual((await texts('#kind .ais-RefinementList-count')).sort(), ['20', '20', '21']);
    assert.deepEqual((await texts('#maker .ais-RefinementList-count')), ['20', '20']);
    await facet('#maker', 'Acme');
    await text('#stats', '20 results');
  });

  test(`client ${generation}: search within a facet, numbers, order`, async () => {
    await open(generation);
    await page.fill('#maker input', 'Cor');
    await text('#maker li', 'Cord');
    await page.locator('#maker li', {hasText: 'Bolt'}).waitFor({state: 'detached'});
    await facet('#price', 'from 50');
    await text('#stats', '12 results');
    await page.selectOption('#order select', 'items:price:desc');
    await text('#hits li:first-child', '1000');
    await page.selectOption('#order select', 'items/sort/price:asc');
    await text('#hits li:first-child', 'Red lamp 50');
    assert.equal(await page.getAttribute('#size input', 'placeholder'), '0');
    await page.locator('#size input').first().fill('3');
    await page.locator('#size button').click();
    await text('#stats', /^[4-9] results/);
  });

  test(`client ${generation}: markup in a row stays text, hidden fields stay hidden`, async () => {
    await open(generation);
    const answers = [];
    page.on('response', async (answer) => {
      if (answer.url().startsWith(`http://${service.api}`)) answers.push(await answer.text());
    });
    await page.fill('#box input', 'evil');
    await text('#stats', '1 result');
    await text('#hits mark', 'Evil');
    await text('#hits', '<img src=x onerror=');
    assert.equal(await page.locator('#hits img').count(), 0);
    assert.equal(await page.title(), 'InstantSearch');
    assert.ok(answers.length > 0);
    for (const answer of answers) assert.doesNotMatch(answer, /secret/);
    page.removeAllListeners('response');
  });
}

test('nothing was written to the console', () => assert.deepEqual(complaints, []));
