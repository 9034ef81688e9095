// The vendor's published operations and shapes (../shared/api/palisade-v2.md), and the
// platform's own OpenAPI description, as judges of real answers; and a client made from
// the operations: what a program written for the vendor sends.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

// ---- the vendor's document: `Name` { field?: type, … } or `Name` = A | B ---------------

function fieldsOf(fields) {
  const text = fields.replace(/\{ \[key: string\]: string( \})?/g, 'object'); // not closed there
  const list = [];
  let depth = 0;
  let part = '';
  for (const c of `${text},`) { // commas inside {…} and <…> belong to a type
    if (c === '{' || c === '<') depth += 1;
    if (c === '}' || c === '>') depth -= 1;
    if (c === ',' && depth <= 0) {
      const m = /^\s*([@\w]+)(\?)?:\s*(.+?)\s*$/.exec(part);
      if (m) list.push({ name: m[1], optional: !!m[2], type: m[3] });
      part = '';
      depth = 0;
    } else part += c;
  }
  return list;
}

export function readVendor(file) {
  const doc = readFileSync(file, 'utf8');
  const shapes = new Map();
  for (const [, name, fields] of doc.matchAll(/^- `(\w+)` \{ (.*) \}$/gm)) shapes.set(name, { list: fieldsOf(fields) });
  for (const [, name, words] of doc.matchAll(/^- `(\w+)` = (.*)$/gm)) {
    shapes.set(name, { words: words.split('|').map((w) => w.trim()) });
  }
  const operations = new Map();
  for (const [, method, path, rest] of doc.matchAll(/^- `(\w+) (\S+)`(.*)$/gm)) {
    operations.set(`${method} ${path}`, {
      body: /body `([^`]+)`/.exec(rest)?.[1],
      query: (/query: ([^;]+)/.exec(rest)?.[1] ?? '').split(',').map((w) => w.trim()).filter(Boolean),
      returns: /returns `([^`]+)`/.exec(rest)?.[1],
    });
  }
  return { shapes, operations };
}

// Faults of a value that has to be of a vendor's type: presence, types, words of enums.
export function vendorFaults(vendor, value, type, where, faults = []) {
  const array = /^Array(?:<(.+)>)?$/.exec(type);
  if (array) {
    if (!Array.isArray(value)) faults.push(`${where}: must be an array`);
    else if (array[1]) value.forEach((v, i) => vendorFaults(vendor, v, array[1], `${where}[${i}]`, faults));
  } else if (['string', 'number', 'boolean'].includes(type)) {
    if (typeof value !== type) faults.push(`${where}: must be a ${type}, is ${JSON.stringify(value)}`);
  } else if (type === 'object' || type.startsWith('{')) {
    if (typeof value !== 'object' || value === null) faults.push(`${where}: must be an object`);
  } else if (!vendor.shapes.has(type)) {
    faults.push(`${where}: the document has no shape ${type}`);
  } else shapeFaults(vendor, value, type, where, faults);
  return faults;
}

function shapeFaults(vendor, value, type, where, faults) {
  const shape = vendor.shapes.get(type);
  if (shape.words) {
    if (!shape.words.includes(value)) faults.push(`${where}: ${JSON.stringify(value)} is none of ${type}`);
  } else if (typeof value !== 'object' || value === null) {
    faults.push(`${where}: must be a ${type}`);
  } else {
    for (const f of shape.list) {
      if (value[f.name] !== undefined && value[f.name] !== null) vendorFaults(vendor, value[f.name], f.type, `${where}.${f.name}`, faults);
      else if (!f.optional) faults.push(`${where}.${f.name} is missing (${type})`);
    }
  }
}

// ---- OpenAPI --------------------------------------------------------------------------

const FORMATS = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
};

function typeOf(value) {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

// Faults of a value under a schema.  Members that the schema does not name are faults,
// too: the description has to be whole.
export function schemaFaults(doc, value, schema, where, faults = []) {
  if (schema.$ref) {
    const at = schema.$ref.slice(2).split('/').reduce((o, k) => o[k], doc);
    return schemaFaults(doc, value, at, where, faults);
  }
  const type = typeOf(value);
  if (schema.type && schema.type !== type && !(schema.type === 'number' && type === 'integer')) {
    faults.push(`${where}: must be ${schema.type}, is ${JSON.stringify(value)}`);
  } else if (schema.enum && !schema.enum.includes(value)) {
    faults.push(`${where}: ${JSON.stringify(value)} is not in the description`);
  } else if (schema.format && FORMATS[schema.format] && !FORMATS[schema.format].test(value)) {
    faults.push(`${where}: ${JSON.stringify(value)} is no ${schema.format}`);
  } else if (schema.pattern && !new RegExp(schema.pattern).test(value)) {
    faults.push(`${where}: ${JSON.stringify(value)} is not ${schema.pattern}`);
  } else if (type === 'array' && schema.items) {
    value.forEach((v, i) => schemaFaults(doc, v, schema.items, `${where}[${i}]`, faults));
  } else if (type === 'object') objectFaults(doc, value, schema, where, faults);
  return faults;
}

function objectFaults(doc, value, schema, where, faults) {
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) faults.push(`${where}.${name} is missing (description)`);
  }
  for (const [name, v] of Object.entries(value)) {
    const inside = schema.properties?.[name] ?? schema.additionalProperties;
    if (inside) schemaFaults(doc, v, inside, `${where}.${name}`, faults);
    else if (schema.properties) faults.push(`${where}.${name} is not in the description`);
  }
}

// Faults of a real answer to one operation of the description.
export function answerFaults(doc, operation, status, value) {
  const [method, path] = operation.split(' ');
  const op = doc.paths[path]?.[method.toLowerCase()];
  let response = op?.responses[status];
  if (!op) return [`${operation} is not in the description`];
  if (!response) return [`${operation}: ${status} is not in the description`];
  if (response.$ref) response = doc.components.responses[response.$ref.split('/').pop()];
  const schema = response.content?.['application/json']?.schema;
  return schema ? schemaFaults(doc, value, schema, `${operation} ${status}`) : [];
}

// ---- a client -------------------------------------------------------------------------

export class Client {
  constructor({ url, ca, token, headers }) {
    this.url = url;
    this.agent = new Agent({ ca: readFileSync(ca), keepAlive: true });
    this.headers = headers ?? (token ? { authorization: `Bearer ${token}` } : {});
  }

  // path is whole, with its query.
  send(method, path, body, headers = {}) {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      // Node itself announces no body of a DELETE, and what follows would be another request.
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
      const req = request(`${this.url}${path}`, {
        method, agent: this.agent, timeout: 60000, headers: { 'content-type': 'application/json', ...length, ...this.headers, ...headers },
      }, (res) => {
        const parts = [];
        res.on('data', (part) => parts.push(part));
        res.on('end', () => {
          const got = Buffer.concat(parts).toString();
          let value;
          try { value = JSON.parse(got); } catch { value = undefined; }
          resolve({ status: res.statusCode, headers: res.headers, text: got, value });
        });
      });
      req.on('error', (err) => reject(new Error(`${method} ${path}: ${err.message}`)));
      req.end(text);
    });
  }

  // "GET /v2/devices/{id}" with its parameters by name, as generated clients do.
  run(operation, params = {}, body = undefined, query = {}) {
    const [method, pattern] = operation.split(' ');
    const path = pattern.replace(/\{(\w+)\}/g, (_, name) => {
      if (params[name] === undefined) throw new Error(`${operation}: no ${name}`);
      return encodeURIComponent(params[name]);
    });
    const text = new URLSearchParams(query).toString();
    return this.send(method, text ? `${path}?${text}` : path, body);
  }
}
