// The reference client of the Model Context Protocol against a running service.
import {Client} from '@modelcontextprotocol/sdk/client/index.js';
import {StreamableHTTPClientTransport} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import assert from 'node:assert/strict';

const [url, key] = process.argv.slice(2);
const client = new Client({name: 'test', version: '1'});
await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {requestInit: {headers: {'X-Api-Key': key}}}));
assert.equal((await fetch(`${url}/mcp`, {headers: {Accept: 'text/event-stream'}})).status, 405);
const {tools} = await client.listTools();
assert.deepEqual(tools.map((tool) => tool.name).slice(0, 4), ['list_indexes', 'search', 'get', 'facets']);

async function call(name, args) {
  const result = await client.callTool({name, arguments: args});
  assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
  return result;
}

const indexes = await call('list_indexes', {});
assert.deepEqual(indexes.structuredContent.indexes.map((index) => index.name), ['shop-items']);
const found = await call('search', {index: 'shop-items', q: 'pen', filter: 'state = live', sort: ['id'], fields: ['id', 'name']});
assert.deepEqual(found.structuredContent.hits.map((hit) => hit.document), [{id: 2, name: 'blue pen'}]);
const one = await call('get', {index: 'shop-items', id: '1', fields: ['id', 'state']});
assert.deepEqual(one.structuredContent.document, {id: 1, state: 'live'});
const values = await call('facets', {index: 'shop-items', field: 'state', size: 5});
assert.equal(values.structuredContent.values[0].count, 2);
const wrong = await call('search', {index: 'shop-items', filter: 'nmae = x'});
assert.ok(wrong.isError);
assert.equal(wrong.structuredContent.code, 'unknown_field');
await client.close();

const stranger = new Client({name: 'test', version: '1'});
await assert.rejects(stranger.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`))));

const home = await fetch(`${url}/`, {headers: {Accept: 'text/html'}});
assert.match(home.headers.get('content-security-policy'), /default-src 'none'/);
assert.match(await home.text(), /reference\.js/);
assert.equal((await (await fetch(`${url}/`)).json()).openapi, '/openapi.json');
console.log('mcp client: ok');
