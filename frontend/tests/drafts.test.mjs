import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DraftStore, KEEP_MS } from '../js/draft-store.js';
import { format } from '../js/messages.js';

function storage() {
  const map = new Map();
  return {
    get length() {
      return map.size;
    },
    key: (index) => [...map.keys()][index],
    getItem: (name) => map.get(name) ?? null,
    setItem: (name, value) => map.set(name, value),
    removeItem: (name) => map.delete(name),
  };
}

test('a draft comes back to its person and form only', () => {
  const shelf = storage();
  new DraftStore(shelf, '7').write('profile', { name: '济南' });
  assert.deepEqual(new DraftStore(shelf, '7').read('profile').values, { name: '济南' });
  assert.equal(new DraftStore(shelf, '8').read('profile'), null);
  assert.equal(new DraftStore(shelf, '7').read('other'), null);
});

test('a draft is kept for two weeks, and a damaged one is thrown away', () => {
  const shelf = storage();
  let now = 1000;
  const store = new DraftStore(shelf, '7', () => now);
  store.write('a', { x: 1 });
  now += KEEP_MS - 1;
  assert.ok(store.read('a'));
  now += 1;
  assert.equal(store.read('a'), null);
  shelf.setItem('sheping:draft:7:b', '{"values":');
  assert.equal(store.read('b'), null);
  assert.equal(shelf.length, 0);
});

test('what was sent while the session had ended has not arrived', () => {
  const shelf = storage();
  const store = new DraftStore(shelf, '7');
  store.write('a', { x: 1 });
  store.write('b', { x: 1 });
  store.markSent('a');
  assert.deepEqual(store.sentKeys(), ['a']);
  new DraftStore(shelf, '').unmarkSent();
  assert.deepEqual(store.sentKeys(), []);
  assert.deepEqual(store.read('a').values, { x: 1 });
});

test('signing out leaves nothing of anybody on the computer', () => {
  const shelf = storage();
  shelf.setItem('other', 'x');
  new DraftStore(shelf, '7').write('a', {});
  new DraftStore(shelf, '8').write('a', {});
  new DraftStore(shelf, '7').removeAll();
  assert.equal(shelf.length, 1);
});

test('a full or forbidden storage is told, not thrown', () => {
  const full = { ...storage(), setItem: () => { throw new DOMException('full', 'QuotaExceededError'); } };
  assert.equal(new DraftStore(full, '7').write('a', {}), false);
});

test('sentences are filled as gettext fills them', () => {
  assert.equal(format('已传 %(percent)s%%,%(name)s', { percent: 5, name: 'a.zip' }), '已传 5%,a.zip');
  assert.equal(format('已传 %(percent)s%(%(sent)s)', { percent: 5, sent: '1 MB' }), '已传 5%(1 MB)');
  assert.equal(format('%(missing)s', {}), 'missing');
});
