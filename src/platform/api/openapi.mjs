// Writes ../console/openapi.json from routes.txt, vendor.txt and shapes.txt: run it with
// `node src/platform/api/openapi.mjs` after changing them.  --print writes to the output
// instead, for the test that holds the file in the tree against its sources.
import { readFileSync, writeFileSync } from 'node:fs';

const here = new URL('.', import.meta.url);
const lines = (name) => readFileSync(new URL(name, here), 'utf8').split('\n')
  .filter((l) => l.trim() !== '' && !l.startsWith('#'));
const bad = (line, why) => { throw new Error(`${why}: ${line}`); };

const PARAMS = {
  page: [
    ['pageSize', 'int', 'How many at most: 1 to 200, 50 when it is not given'],
    ['pageToken', 'string', 'Where to go on: nextPageToken of the page before'],
    ['order', 'asc|desc', 'The oldest or the newest first'],
  ],
  search: [['q', 'string', 'Only those with this text in the name']],
  wait: [['wait', 'int', 'Seconds (0 to 30) to wait for the final state before answering']],
};
const BASIC = {
  string: { type: 'string' },
  uuid: { type: 'string', format: 'uuid' },
  time: { type: 'string', format: 'date-time' },
  hex: { type: 'string', pattern: '^([0-9a-f]{2})*$' },
  int: { type: 'integer' },
  number: { type: 'number' },
  bool: { type: 'boolean' },
  object: { type: 'object' },
  any: {},
};

// ---- shapes ---------------------------------------------------------------------------

// Parameters of paths that are no UUIDs (api.c: is_word).
const WORDS = { blockchain: 'V2Blockchain', code: 'string' };

const schemas = {};
const members = {}; // name -> [type, text], wherever a shape says nothing else

function typeOf(text, from) {
  if (BASIC[text]) return { ...BASIC[text] };
  let m = /^\[(.+)\]$/.exec(text);
  if (m) return { type: 'array', items: typeOf(m[1], from) };
  m = /^\{(.+)\}$/.exec(text);
  if (m) return { type: 'object', additionalProperties: typeOf(m[1], from) };
  if (text.includes('|')) return { type: 'string', enum: text.split('|').map((w) => w.replaceAll('^', ' ')) };
  if (!/^[A-Z]\w+$/.test(text)) bad(from, `no such type '${text}'`);
  wanted.add(text);
  return { $ref: `#/components/schemas/${text}` };
}
const wanted = new Set();

function withText(schema, text) {
  if (!text) return schema;
  return { ...schema, description: text };
}

function addMember(schema, line, isOurs) {
  const m = /^ {2}([@\w]+)(\?)? (\S+)(?: (.+))?$/.exec(line) ?? bad(line, 'no member');
  const [, name, optional, type, text] = m;
  const known = members[name];
  const one = withText(typeOf(type, line), text ?? (known?.[0] === type ? known[1] : undefined));
  if (schema.properties[name] && !isOurs) bad(line, 'twice');
  schema.properties[name] = isOurs ? { ...one, 'x-ours': true } : one;
  schema.required = schema.required.filter((n) => n !== name);
  if (!optional) schema.required.push(name);
}

function readShapes(file, isOurs) {
  let at = null;
  let words = null;
  for (const line of lines(file)) {
    const m = /^(shape|also|words|member) (\S+)(?: (.+))?$/.exec(line);
    if (m) {
      const [, what, name, rest] = m;
      at = words = null;
      if (what === 'member') {
        const [, type, text] = /^(\S+) (.+)$/.exec(rest) ?? bad(line, 'no member');
        members[name] = [type, text];
      } else if (what === 'words') {
        words = schemas[name] ??= { type: 'string', enum: [] };
      } else if (what === 'also') {
        at = schemas[name] ?? bad(line, 'no such shape');
      } else {
        if (schemas[name]) bad(line, 'twice');
        at = schemas[name] = withText({ type: 'object', properties: {}, required: [] }, rest);
      }
    } else if (at) addMember(at, line, isOurs);
    else if (words) words.enum.push(...line.trim().split(/\s*\|\s*/));
    else bad(line, 'belongs to nothing');
  }
}
for (const line of lines('shapes.txt')) { // first, since vendor.txt uses them
  const m = /^member (\S+) (\S+) (.+)$/.exec(line);
  if (m) members[m[1]] = [m[2], m[3]];
}
readShapes('vendor.txt', false);
readShapes('shapes.txt', true);

// ---- routes ---------------------------------------------------------------------------

// Words whose writes want a step-up, and what else does (routes.c: cs_route_wants_step_up).
const PERM_H = readFileSync(new URL('../core/perm.h', here), 'utf8');
const STEP = new Set([...PERM_H.matchAll(/^ {4}X\(\w+, +"([\w.-]+)", +\w+, +\w+ \| STEP,/gm)].map(([, word]) => word));
if (STEP.size === 0 || STEP.size !== PERM_H.match(/\| STEP\b(?!:)/g).length) throw new Error('the table of perm.h is not understood');
const STEP_UP = 'Wants a step-up of a user.';
const CLOSED = { 400: 'Bad', 401: 'Unauthenticated', 403: 'Denied', 404: 'NotFound', 409: 'State', 429: 'Limit' };
const paths = {};
const tags = [];
let tag = '';
let op = null;

function security(perm) {
  if (perm === 'open' || perm === 'sign-in') return [];
  return perm === 'user' ? [{ session: [] }] : [{ token: [] }, { session: [] }];
}

function nameOf(method, path) {
  const words = path.replace(/^\/v2\//, '').replace(/[{}]/g, '').split(/[^A-Za-z0-9]+/);
  return method.toLowerCase() + words.map((w) => w[0].toUpperCase() + w.slice(1)).join('');
}

function addRoute(m) {
  const [, method, path, perm, off, text] = m;
  const responses = {};
  op = { tags: [tag], operationId: nameOf(method, path), summary: text, 'x-permission': perm };
  if (off) op['x-not-served'] = true;
  op.security = security(perm);
  op.parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => (
    { name, in: 'path', required: true, schema: WORDS[name] ? typeOf(WORDS[name], m[0]) : { ...BASIC.uuid } }));
  if (method === 'POST' && !off && op.security.length > 0) {
    op.parameters.push({ $ref: '#/components/parameters/IdempotencyKey' });
  }
  if (off) responses[501] = { $ref: '#/components/responses/Instead' };
  else responses[204] = { description: 'Done' };
  for (const [status, name] of Object.entries(CLOSED)) {
    const isOpen = op.security.length === 0;
    if (status === '404' && !path.includes('{')) continue;
    if ((status === '403' && perm === 'open') || (isOpen && status === '409' && perm === 'open')) continue;
    responses[status] = { $ref: `#/components/responses/${name}` };
  }
  op.responses = responses;
  paths[path] ??= {};
  if (paths[path][method.toLowerCase()]) bad(m[0], 'twice');
  paths[path][method.toLowerCase()] = op;
}

function addQuery(name, type, text, line) {
  op.parameters.push({ name, in: 'query', description: text, schema: typeOf(type, line) });
}

function addLine(line) {
  const m = /^ {2}(\?|<|=|>|:|!) ?(.*)$/.exec(line) ?? bad(line, 'not understood');
  const [, sign, rest] = m;
  if (sign === '?') {
    if (PARAMS[rest]) PARAMS[rest].forEach(([n, t, text]) => addQuery(n, t, text, line));
    else {
      const [, name, type, text] = /^([\w.]+) (\S+) (.+)$/.exec(rest) ?? bad(line, 'no parameter');
      addQuery(name, type, text, line);
    }
  } else if (sign === '<') {
    op.requestBody = { required: true, content: { 'application/json': { schema: typeOf(rest, line) } } };
    op.responses[413] = { $ref: '#/components/responses/TooLarge' };
    op.responses[415] = { $ref: '#/components/responses/NotJson' };
  } else if (sign === '!') {
    op.responses[rest] = { $ref: `#/components/responses/${CLOSED[rest] ?? bad(line, 'no such status')}` };
  } else if (sign === '=') {
    op.requestBody.content['application/json'].example = JSON.parse(rest);
  } else if (sign === '>') {
    const [, type, text] = /^(\S+)(?: (.+))?$/.exec(rest);
    const content = type === 'file'
      ? { 'application/x-ndjson': { schema: { type: 'string' } } }
      : { 'application/json': { schema: typeOf(type, line) } };
    delete op.responses[204];
    op.responses[200] = { description: text ?? 'The answer', content };
  } else {
    op.description = op.description ? `${op.description} ${rest}` : rest;
  }
}

for (const line of lines('routes.txt')) {
  const group = /^group (.+)$/.exec(line);
  const route = /^(GET|POST|PUT|PATCH|DELETE) (\S+) \[(\S+)\] (501 )?(.+)$/.exec(line);
  if (group) {
    [, tag] = group;
    tags.push({ name: tag });
  } else if (route) addRoute(route);
  else addLine(line);
}

for (const [method, one] of Object.values(paths).flatMap(Object.entries)) {
  if (method !== 'get' && STEP.has(one['x-permission'])) {
    one.description = [one.description, STEP_UP].filter(Boolean).join(' ');
  }
}

// ---- the document -----------------------------------------------------------------------

const ERRORS = {
  Bad: 'A field is missing or wrong', Unauthenticated: 'No live token or session',
  Denied: 'The permission, or a one-time code (step-up), is missing', NotFound: 'There is no such thing',
  State: 'Not possible in this state, or exists with other content', Limit: 'A limit: slow down',
  TooLarge: 'The body is too large', NotJson: 'Content-Type is not application/json',
  Instead: 'Not served here: the message says what to use instead',
};
for (const name of ['Error', 'EventMessage', 'WebhookEnvelope', 'ApprovalEvent']) wanted.add(name);
for (const name of wanted) { // grows while it is walked
  if (!schemas[name]) bad(name, 'no such shape');
  (function walk(o) {
    if (typeof o !== 'object' || o === null) return;
    if (o.$ref) wanted.add(o.$ref.split('/').pop());
    Object.values(o).forEach(walk);
  }(schemas[name]));
}
const picked = Object.fromEntries([...wanted].sort().map((n) => [n, schemas[n]]));
for (const s of Object.values(picked)) if (s.required?.length === 0) delete s.required;

const header = (name, description) => ({ name, in: 'header', required: true, description, schema: { type: 'string' } });
const DELIVERY = {
  operationId: 'webhookDelivery',
  summary: 'What an endpoint is sent',
  description: 'At least once, in order for each object. Any 2xx within 30 s takes it; else it is tried again for a day.',
  parameters: [
    header('Signature', "Base64 of the DER ECDSA P-256 signature, SHA-256, by the webhook's key over the text of payload"),
    header('Cloudsign-Event-Id', 'The same at each attempt'),
    header('Cloudsign-Event-Type', 'Like transaction.created'),
    header('Cloudsign-Delivery-Id', 'Of this webhook'),
    header('Cloudsign-Attempt', 'From 1'),
    header('Cloudsign-Timestamp', 'Unix seconds of this attempt'),
    header('Cloudsign-Signature', 'v1= and a signature over event id, ".", timestamp, ".", the whole body'),
  ],
  requestBody: { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/WebhookEnvelope' } } } },
  security: [],
  responses: { '2XX': { description: 'Taken' } },
};

const doc = {
  openapi: '3.1.0',
  info: {
    title: 'CloudSign platform',
    version: '2',
    description: 'Devices, quorums, wallets and signatures of a CloudSign platform. Errors are {code, message, details}; lists page with pageSize and pageToken. x-permission is the word that a role or credential needs; any: whoever has signed in.',
  },
  servers: [{ url: '/', description: 'This platform' }],
  tags,
  paths,
  webhooks: { delivery: { post: DELIVERY } },
  components: {
    securitySchemes: {
      token: { type: 'http', scheme: 'bearer', description: 'From POST /v2/credentials/oauth/token' },
      session: { type: 'apiKey', in: 'cookie', name: '__Host-cloudsign', description: 'From POST /v2/session; writes need X-CSRF-Token' },
    },
    parameters: {
      IdempotencyKey: {
        name: 'Idempotency-Key', in: 'header', description: 'The first answer is kept for a day and given again',
        schema: { type: 'string', maxLength: 128 },
      },
    },
    responses: Object.fromEntries(Object.entries(ERRORS).map(([name, description]) => [name, {
      description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    }])),
    schemas: picked,
  },
};

// One line for each route and shape: changes are seen where they are.
function print(value, depth) {
  if (depth === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const inside = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${print(v, depth - 1)}`);
  return `{\n${inside.join(',\n')}\n}`;
}
const text = `{\n${Object.entries(doc).map(([k, v]) => {
  const depth = { paths: 2, components: 2 }[k] ?? 0;
  return `${JSON.stringify(k)}: ${print(v, depth)}`;
}).join(',\n')}\n}\n`;

if (process.argv[2] === '--print') process.stdout.write(text);
else writeFileSync(new URL('../console/openapi.json', here), text);
