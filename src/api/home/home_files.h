#pragma once

#include <string_view>

// The page at / of the API. No request to another host, no inline script or style.
namespace pgsluice::api {

inline constexpr std::string_view kHomeHtml = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pgsluice: search API</title>
<link rel="stylesheet" href="/reference.css">
</head>
<body>
<main>
<h1>Search API</h1>
<p>pgsluice answers searches over what a PostgreSQL database holds. This address is for programs:
<a href="/openapi.json">openapi.json</a> describes it, <code>GET /v1/indexes</code> lists what there is,
<code>GET /v1/INDEX/search?q=text</code> searches.</p>
<form id="credentials">
<label for="key">API key or token, if one is needed</label>
<input id="key" type="password" autocomplete="off">
<button>Show the reference</button>
</form>
<p id="message" role="status"></p>
<section id="reference" hidden>
<h2>Reference</h2>
<label for="find">Find in the reference</label>
<input id="find" type="search" autocomplete="off">
<div id="operations"></div>
</section>
</main>
<script src="/reference.js" type="module"></script>
</body>
</html>
)html";

inline constexpr std::string_view kHomeCss =
    R"css(:root { color-scheme: light dark; --line: #8886; --accent: #0b5fae; }
@media (prefers-color-scheme: dark) { :root { --accent: #7db9f5; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
a { color: var(--accent); }
code, pre { font: 14px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; margin: .5rem 0; }
label { display: block; margin-top: .5rem; }
input { font: inherit; width: 100%; max-width: 30rem; box-sizing: border-box; padding: .3rem; }
button { font: inherit; padding: .3rem 1rem; margin-top: .5rem; }
details { border-top: 1px solid var(--line); padding: .5rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
dt { font-family: ui-monospace, monospace; }
dd { margin: 0 0 .5rem 1rem; }
)css";

inline constexpr std::string_view kHomeScript =
    R"js(// Renders the reference from /openapi.json. What comes from there is only ever set as text.
const element = (id) => document.getElementById(id);

function add(parent, name, text) {
  const child = document.createElement(name);
  if (text !== undefined) child.textContent = text;
  parent.append(child);
  return child;
}

const resolve = (api, node) => node && node.$ref
  ? node.$ref.slice(2).split('/').reduce((at, part) => at?.[part], api) : node;

function typeOf(schema) {
  if (!schema) return '';
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.enum) return schema.enum.map(String).join(' | ');
  const types = [].concat(schema.type ?? 'any');
  return types.map((type) => type === 'array' ? `${typeOf(schema.items) || 'any'}[]` : type).join(' | ');
}

function describe(list, name, schema, description) {
  add(list, 'dt', `${name}: ${typeOf(schema)}`);
  add(list, 'dd', description ?? schema?.description ?? '');
}

function members(parent, api, schema) {
  const object = resolve(api, schema);
  if (!object?.properties) return;
  const list = add(parent, 'dl');
  for (const [name, member] of Object.entries(object.properties)) describe(list, name, member);
}

function operation(parent, api, path, method, spec) {
  const details = add(parent, 'details');
  add(add(details, 'summary'), 'code', `${method.toUpperCase()} ${path}`);
  details.firstChild.append(` ${spec.summary ?? ''}`);
  const list = add(details, 'dl');
  for (const given of spec.parameters ?? []) {
    const parameter = resolve(api, given);
    describe(list, parameter.name, parameter.schema, parameter.description);
  }
  const body = spec.requestBody?.content?.['application/json']?.schema;
  if (body) {
    add(details, 'h3', `Body: ${typeOf(body)}`);
    members(details, api, body);
  }
  const answer = Object.values(spec.responses?.['200']?.content ?? {})[0]?.schema;
  if (answer) {
    add(details, 'h3', `Answer: ${typeOf(answer)}`);
    members(details, api, answer);
  }
  details.dataset.text = details.textContent.toLowerCase();
}

function types(parent, api) {
  for (const [name, schema] of Object.entries(api.components?.schemas ?? {})) {
    const details = add(parent, 'details');
    add(add(details, 'summary'), 'code', name);
    if (schema.description) add(details, 'p', schema.description);
    members(details, api, schema);
    details.dataset.text = details.textContent.toLowerCase();
  }
}

async function show() {
  const key = element('key').value;
  const headers = key ? {Authorization: `Bearer ${key}`} : {};
  const answer = await fetch('/openapi.json', {headers});
  const api = await answer.json();
  element('message').textContent = answer.ok ? '' : `${api.title}: ${api.detail}`;
  element('reference').hidden = !answer.ok;
  if (!answer.ok) return;
  const operations = element('operations');
  operations.replaceChildren();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [method, spec] of Object.entries(item)) operation(operations, api, path, method, spec);
  }
  add(operations, 'h2', 'Types');
  types(operations, api);
}

const attempt = () => show().catch((error) => { element('message').textContent = String(error); });
element('credentials').addEventListener('submit', (event) => {
  event.preventDefault();
  attempt();
});
attempt();  // Without a key: what anonymous callers may see.
element('find').addEventListener('input', () => {
  const wanted = element('find').value.toLowerCase();
  for (const details of document.querySelectorAll('details')) {
    details.hidden = !details.dataset.text.includes(wanted);
  }
});
)js";

}  // namespace pgsluice::api
