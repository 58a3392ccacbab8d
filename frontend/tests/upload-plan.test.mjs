import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  MAX_RETRIES, Pool, SpeedMeter, etagsOf, formatSize, matchResumable, missingParts, objectionTo, planParts, remainingWords,
  retryDelay,
} from '../js/upload-plan.js';

const MIB = 1024 * 1024;

test('parts cover every byte once, in order, and the last is what is left', () => {
  for (const [size, partSize] of [[1, 8 * MIB], [8 * MIB, 8 * MIB], [8 * MIB + 1, 8 * MIB], [200 * MIB, 16 * MIB], [7, 3]]) {
    const plan = planParts(size, partSize);
    assert.equal(plan[0].start, 0);
    assert.equal(plan.at(-1).end, size);
    plan.forEach((part, index) => {
      assert.equal(part.number, index + 1);
      assert.ok(part.end > part.start && part.end - part.start <= partSize);
      if (index > 0) assert.equal(part.start, plan[index - 1].end);
    });
    assert.equal(plan.length, Math.ceil(size / partSize));
  }
});

test('an empty file or a part of no size has no plan', () => {
  assert.throws(() => planParts(0, 8 * MIB), RangeError);
  assert.throws(() => planParts(10, 0), RangeError);
  assert.throws(() => planParts(10, undefined), RangeError);
});

test('only parts that the server has whole are left out on resuming', () => {
  const etags = etagsOf([
    { number: 1, done: true, etag: '"a"' },
    { number: 2, done: false, etag: null },
    { number: 3, done: true, etag: null },
  ]);
  assert.deepEqual(missingParts(planParts(30, 10), etags).map((part) => part.number), [2, 3]);
});

test('retries wait longer each time, within half and whole, and never above half a minute', () => {
  for (let attempt = 0; attempt < MAX_RETRIES; attempt += 1) {
    const whole = Math.min(30_000, 1000 * 2 ** attempt);
    assert.equal(retryDelay(attempt, () => 0), whole / 2);
    assert.equal(retryDelay(attempt, () => 1), whole);
  }
  assert.equal(retryDelay(50, () => 1), 30_000);
});

test('a file resumes only what was begun with the same bytes for the same purpose and subject', () => {
  const record = {
    id: 'u1', name: '题库, “终稿”.xlsx', size: 100, lastModified: 5, fingerprint: 'ff', purpose: 'question_bank', subject: 'i1',
  };
  const file = { ...record };
  assert.equal(matchResumable([record], file), record);
  for (const change of [
    { name: '题库.xlsx' }, { size: 101 }, { lastModified: 6 }, { fingerprint: 'fe' }, { purpose: 'self_assessment' },
    { subject: 'i2' }, { subject: undefined },
  ]) {
    assert.equal(matchResumable([record], { ...file, ...change }), null, JSON.stringify(change));
  }
  assert.ok(matchResumable([{ ...record, subject: null }], { ...file, subject: undefined }));
});

test('a file is refused before it is sent when it is empty, too big or of another kind', () => {
  const rules = { accept: '.xlsx,.ZIP', maxSize: 2 * MIB };
  assert.equal(objectionTo({ name: 'a.xlsx', size: 0 }, rules).key, 'empty');
  assert.equal(objectionTo({ name: 'a.xlsx', size: 2 * MIB + 1 }, rules).key, 'too_big');
  assert.equal(objectionTo({ name: 'a.exe', size: 1 }, rules).key, 'wrong_type');
  assert.equal(objectionTo({ name: 'A.XLSX', size: 2 * MIB }, rules), null);
  assert.equal(objectionTo({ name: 'b.zip', size: 1 }, rules), null);
  assert.equal(objectionTo({ name: 'c', size: 1 }, { accept: '', maxSize: 0 }), null);
});

test('sizes and times read as on the rest of the page', () => {
  assert.equal(formatSize(512), '512 B');
  assert.equal(formatSize(1536), '1.5 KB');
  assert.equal(formatSize(200 * MIB), '200.0 MB');
  assert.equal(formatSize(2048 * MIB), '2.00 GB');
  assert.deepEqual(remainingWords(Infinity), { key: 'remaining_unknown', values: {} });
  assert.deepEqual(remainingWords(12), { key: 'remaining_seconds', values: { n: 15 } });
  assert.deepEqual(remainingWords(61), { key: 'remaining_minutes', values: { n: 2 } });
  assert.deepEqual(remainingWords(5400), { key: 'remaining_hours', values: { n: '1.5' } });
});

test('speed forgets what is older than its window and ignores parts that start anew', () => {
  let now = 0;
  const meter = new SpeedMeter(() => now);
  assert.equal(meter.perSecond(), 0);
  meter.add(1000);
  meter.add(-1000);
  now = 2000;
  meter.add(1000);
  assert.equal(meter.perSecond(), 1000);
  now = 20_000;
  assert.equal(meter.perSecond(), 0);
});

test('the pool never runs more than its limit, and a failure frees its place', async () => {
  const pool = new Pool(2);
  let running = 0;
  let most = 0;
  const work = (fails) => async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
    if (fails) throw new Error('no');
  };
  const results = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((n) => pool.run(work(n % 2))));
  assert.equal(most, 2);
  assert.equal(running, 0);
  assert.equal(results.filter((one) => one.status === 'rejected').length, 3);
});
