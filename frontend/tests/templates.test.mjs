// What templates and scripts name must exist: icons in the sprite's list, sentences in the templates.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const frontend = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const templates = path.join(path.dirname(frontend), 'app', 'templates');

function textsUnder(folder, ending) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }));
}

function keysOf(file) {
  const text = readFileSync(path.join(templates, 'components', file), 'utf8');
  return new Set([...text.matchAll(/data-key="(\w+)"/g)].map((match) => match[1]));
}

test('every icon that a template names is drawn', () => {
  const known = new Set(Object.keys(JSON.parse(readFileSync(path.join(frontend, 'icons.json'), 'utf8'))));
  const missing = [];
  for (const { name, text } of textsUnder(templates, '.html')) {
    for (const [, icon] of text.matchAll(/\bicon\('([\w-]+)'/g)) if (!known.has(icon)) missing.push(`${name}: ${icon}`);
    for (const [, icon] of text.matchAll(/\bicon_name='([\w-]+)'/g)) if (!known.has(icon)) missing.push(`${name}: ${icon}`);
  }
  assert.deepEqual(missing, []);
});

test('no template has an inline script, style or handler', () => {
  const found = [];
  for (const { name, text } of textsUnder(templates, '.html')) {
    if (name.startsWith('email')) continue;
    if (/<style|\sstyle=|\son\w+="|hx-on/.test(text)) found.push(name);
    if (/<script(?![^>]*\ssrc=)/.test(text)) found.push(name);
  }
  assert.deepEqual(found, []);
});

test('every sentence that a script says is in the page', () => {
  const page = keysOf('dialogs.html');
  const uploader = keysOf('uploader.html');
  for (const { name, text } of textsUnder(path.join(frontend, 'js'), '.js')) {
    const own = name === 'upload.js' ? uploader : page;
    for (const [, key] of text.matchAll(/\bsay\('(\w+)'/g)) assert.ok(own.has(key), `${name}: ${key}`);
  }
  const states = ['queued', 'preparing', 'paused', 'finishing', 'received', 'checking', 'checked', 'rejected', 'cancelled'];
  for (const state of states) assert.ok(uploader.has(state), state);
  const task = readFileSync(path.join(frontend, 'js', 'htmx-errors.js'), 'utf8');
  for (const [, key] of task.matchAll(/\d{3}: '(\w+)'/g)) assert.ok(page.has(key), key);
});
