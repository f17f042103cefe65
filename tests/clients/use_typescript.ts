// Uses a client that was generated from a running service. It has to compile with `tsc --strict`.
import createClient from 'openapi-fetch';
import type {components, paths} from './api.js';

declare const process: {argv: string[]; exit(code: number): never};

const client = createClient<paths>({baseUrl: process.argv[2]!, headers: {'X-Api-Key': process.argv[3]!}});

function same(what: string, got: unknown, wanted: unknown) {
  if (JSON.stringify(got) === JSON.stringify(wanted)) return;
  console.error(`${what}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
  process.exit(1);
}

type Document = components['schemas']['ShopItemsDocument'];

// What can be null is typed so, and nothing else.
const names = (document: Document): string[] => [document.name ?? '', ...(document.tags ?? []).map((tag) => tag.label ?? '')];
const token: string | undefined = ({} as Document).token;
same('no token', token, undefined);

const found = await client.GET('/v1/shop-items/search', {
  params: {query: {q: 'blue', fields: ['id', 'name', 'tags'], facets: ['state', 'tags.label'], sort: ['price:desc', 'id'], match: 'any'}},
});
if (!found.data) throw new Error(JSON.stringify(found.error));
same('search', found.data.hits.map((hit) => names(hit.document)), [['blue lamp', 'new', 'sale'], ['blue pen']]);
same('facets', found.data.facets['state']?.values.map((value) => [value.value, value.count]), [['live', 2]]);
same('total', found.data.total?.value, 2);

const tree = await client.POST('/v1/shop-items/search', {
  body: {filter: {and: [{state: {eq: 'live'}}, {price: {lt: 5}}]}, fields: ['id'], sort: ['id']},
});
same('filter tree', tree.data?.hits.map((hit) => hit.document.id), [2]);

const one = await client.GET('/v1/shop-items/docs/{id}', {params: {path: {id: '1'}}});
same('document', one.data?.document.state, 'live');
same('date-time', one.data?.document.made_at, '2024-01-02T03:04:05+00:00');

const many = await client.POST('/v1/shop-items/docs/mget', {body: {ids: ['2', '99']}});
same('missing', many.data?.missing, ['99']);

const facet = await client.GET('/v1/shop-items/facets/{field}', {params: {path: {field: 'state'}}});
same('facet', facet.data?.values.length, 2);

const exported = await client.GET('/v1/shop-items/export', {params: {query: {filter: 'state = live'}}, parseAs: 'text'});
same('export', String(exported.data).trim().split('\n').length, 2);

const wrong = await client.GET('/v1/shop-items/search', {params: {query: {filter: 'nmae = x'}}});
same('problem', [wrong.error?.status, wrong.error?.code, wrong.error?.errors?.[0]?.parameter], [400, 'unknown_field', 'filter']);
console.log('typescript client: ok');
