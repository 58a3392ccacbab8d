// The uploader against a server of plain objects: what is sent, what is resumed, what is given up.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Pool } from '../js/upload-plan.js';
import { UploadRecords, fingerprintOf } from '../js/upload-records.js';
import { UnreadableFile, UploadTask } from '../js/upload-task.js';

class Storage {
  map = new Map();
  get length() {
    return this.map.size;
  }
  key(index) {
    return [...this.map.keys()][index];
  }
  getItem(name) {
    return this.map.get(name) ?? null;
  }
  setItem(name, value) {
    this.map.set(name, value);
  }
  removeItem(name) {
    this.map.delete(name);
  }
}

const failure = (status, detail = '') => Object.assign(new Error(`HTTP ${status}`), { name: 'HttpError', status, detail });
const cut = () => Object.assign(new Error('network'), { name: 'NetworkError' });

class Server {
  constructor({ size, partSize }) {
    this.size = size;
    this.partSize = partSize;
    this.count = Math.ceil(size / partSize);
    this.stored = new Map();
    this.generation = 1;
    this.state = 'receiving';
    this.calls = [];
    this.faults = [];
    this.away = false;
    this.puts = [];
  }

  #parts() {
    return Array.from({ length: this.count }, (_, index) => ({
      number: index + 1,
      url: `s3/${index + 1}?g=${this.generation}`,
      done: this.stored.has(index + 1),
      etag: this.stored.has(index + 1) ? `"e${index + 1}"` : null,
    }));
  }

  api = async (method, url, { body } = {}) => {
    this.calls.push(`${method} ${url}`);
    if (this.away) throw cut();
    if (method === 'POST' && url === '/u') {
      return { id: 'u1', part_size: this.partSize, parts: this.#parts().map(({ number, url: to }) => ({ number, url: to })) };
    }
    if (url === '/u/u1/parts') {
      if (this.gone) throw failure(404);
      return { parts: this.#parts() };
    }
    if (url === '/u/u1/complete') {
      this.completed = body.parts;
      if (this.refuseComplete) throw failure(this.refuseComplete);
      this.state = 'received';
      if (this.loseAnswer) {
        this.loseAnswer = false;
        throw failure(409);
      }
      return null;
    }
    if (url === '/u/u1/abort') return null;
    if (this.state === 'received') this.state = 'checking';
    else if (this.state === 'checking') this.state = 'checked';
    return { id: 'u1', state: this.state, reasons: [] };
  };

  putPart = async (url, blob, { onProgress }) => {
    const number = Number(url.match(/s3\/(\d+)/)[1]);
    const fault = this.faults.shift();
    if (this.away) throw cut();
    if (fault) throw fault;
    if (!url.endsWith(`g=${this.generation}`)) throw failure(403);
    onProgress(blob.size);
    this.puts.push(number);
    this.stored.set(number, await blob.text());
    return `"e${number}"`;
  };
}

let storage;
let records;
let naps;

beforeEach(() => {
  storage = new Storage();
  records = new UploadRecords(storage, '7');
  naps = [];
});

function fileOf(text, name = '题库.csv') {
  return new File([text], name, { lastModified: 5 });
}

function taskFor(server, file, environment = {}) {
  return new UploadTask({
    file, purpose: 'question_bank', subject: 'i1', base: '/u', api: server.api, putPart: server.putPart, pool: new Pool(4),
    records,
    environment: {
      sleep: async (ms) => {
        naps.push(ms);
      },
      untilOnline: () => new Promise(() => {}),
      isOnline: () => true,
      random: () => 1,
      ...environment,
    },
  });
}

const TEXT = 'abcdefghijklmnopqrstuvwxyz';

test('a file arrives whole, its parts are named in order, and it is followed until it is checked', async () => {
  const server = new Server({ size: 26, partSize: 10 });
  const states = [];
  const task = taskFor(server, fileOf(TEXT));
  task.addEventListener('state', () => states.push(task.state));
  await task.start();
  assert.deepEqual(states, ['preparing', 'uploading', 'finishing', 'received', 'checking', 'checked']);
  assert.equal([1, 2, 3].map((n) => server.stored.get(n)).join(''), TEXT);
  assert.deepEqual(server.completed, [1, 2, 3].map((number) => ({ number, etag: `"e${number}"` })));
  assert.equal(task.sentBytes, 26);
  assert.equal(records.all().length, 0);
});

test('an error of the store is retried with growing pauses, six times, and then told', async () => {
  const server = new Server({ size: 5, partSize: 10 });
  server.faults = Array.from({ length: 6 }, () => failure(503));
  const task = taskFor(server, fileOf('abcde'));
  await task.start();
  assert.equal(task.state, 'checked');
  assert.deepEqual(naps.slice(0, 6), [1000, 2000, 4000, 8000, 16_000, 30_000]);

  const worse = new Server({ size: 5, partSize: 10 });
  worse.faults = Array.from({ length: 7 }, () => failure(503));
  const second = taskFor(worse, fileOf('abcde'));
  await second.start();
  assert.equal(second.state, 'failed');
  assert.equal(second.error.status, 503);
  assert.ok(second.canRetry);
  assert.equal(records.all().length, 1);
});

test('a retry by hand sends only the parts that are missing', async () => {
  const server = new Server({ size: 26, partSize: 10 });
  server.faults = [undefined, undefined, ...Array.from({ length: 7 }, () => failure(500))];
  const task = taskFor(server, fileOf(TEXT));
  await task.start();
  assert.equal(task.state, 'failed');
  const before = [...server.puts];
  await task.retry();
  assert.equal(task.state, 'checked');
  assert.deepEqual([...server.puts].sort(), [1, 2, 3]);
  assert.equal(before.length, 2);
  assert.equal(server.calls.filter((call) => call === 'POST /u').length, 1);
});

test('after a reload the same file goes on where it stopped', async () => {
  const server = new Server({ size: 26, partSize: 10 });
  server.stored.set(1, 'abcdefghij');
  const file = fileOf(TEXT);
  const record = {
    id: 'u1', partSize: 10, name: file.name, size: 26, lastModified: 5, fingerprint: await fingerprintOf(file),
    purpose: 'question_bank', subject: 'i1', startedAt: 0,
  };
  const task = taskFor(server, file);
  await task.start(record);
  assert.equal(task.state, 'checked');
  assert.deepEqual([...server.puts].sort(), [2, 3]);
  assert.ok(!server.calls.includes('POST /u'));
});

test('an upload that the server has dropped begins anew', async () => {
  const server = new Server({ size: 26, partSize: 10 });
  server.gone = true;
  const task = taskFor(server, fileOf(TEXT));
  await task.start({ id: 'u1', partSize: 10 });
  assert.equal(task.state, 'checked');
  assert.ok(server.calls.includes('POST /u'));
});

test('addresses that expired are renewed once for all parts', async () => {
  const server = new Server({ size: 26, partSize: 10 });
  const task = taskFor(server, fileOf(TEXT));
  const put = server.putPart;
  task.putPart = async (...given) => {
    if (!server.turned) {
      server.turned = true;
      server.generation = 2;
    }
    return put(...given);
  };
  await task.start();
  assert.equal(task.state, 'checked');
  assert.equal(server.calls.filter((call) => call === 'GET /u/u1/parts').length, 1);
});

test('while the network is away nothing is counted; it goes on by itself when it is back', async () => {
  const server = new Server({ size: 26, partSize: 10 });
  const states = [];
  let probes = 0;
  const task = taskFor(server, fileOf(TEXT), {
    sleep: async (ms) => {
      naps.push(ms);
      if (ms === 3000 && (probes += 1) === 20) server.away = false;
    },
  });
  task.addEventListener('state', () => {
    states.push(task.state);
    if (task.state === 'uploading' && !states.includes('paused')) server.away = true;
  });
  await task.start();
  assert.equal(task.state, 'checked');
  assert.deepEqual(states.slice(0, 4), ['preparing', 'uploading', 'paused', 'uploading']);
  assert.equal(probes, 20);
});

test('a store that does not answer while our server does is given up after six retries', async () => {
  const server = new Server({ size: 5, partSize: 10 });
  server.faults = Array.from({ length: 20 }, cut);
  const task = taskFor(server, fileOf('abcde'));
  await task.start();
  assert.equal(task.state, 'failed');
  assert.equal(task.error.name, 'NetworkError');
  assert.equal(server.faults.length, 20 - 7);
});

test('a refusal of our server is not repeated, and its sentence is kept', async () => {
  const server = new Server({ size: 5, partSize: 10 });
  const task = taskFor(server, fileOf('abcde'));
  task.api = async () => {
    throw failure(422, '尚未签署工作承诺书');
  };
  await task.start();
  assert.equal(task.state, 'failed');
  assert.equal(task.error.detail, '尚未签署工作承诺书');
  assert.equal(naps.length, 0);
});

test('completing twice because the first answer was lost is no failure', async () => {
  const server = new Server({ size: 5, partSize: 10 });
  server.loseAnswer = true;
  const task = taskFor(server, fileOf('abcde'));
  await task.start();
  assert.equal(task.state, 'checked');
});

test('a completion refused for its ETags fails, and a retry asks the store what it holds', async () => {
  const server = new Server({ size: 26, partSize: 10 });
  server.refuseComplete = 422;
  const task = taskFor(server, fileOf(TEXT));
  await task.start();
  assert.equal(task.state, 'failed');
  server.refuseComplete = 0;
  server.stored.delete(2);
  await task.retry();
  assert.equal(task.state, 'checked');
  assert.equal(server.puts.filter((number) => number === 2).length, 2);
});

test('cancelling stops the parts, tells the server and forgets the file', async () => {
  const server = new Server({ size: 26, partSize: 10 });
  const task = taskFor(server, fileOf(TEXT));
  task.putPart = (url, blob, { signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError')));
      setImmediate(() => task.cancel());
    });
  await task.start();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(task.state, 'cancelled');
  assert.ok(server.calls.includes('POST /u/u1/abort'));
  assert.equal(records.all().length, 0);
});

test('a file that changed on disk is told apart from a broken network', async () => {
  const server = new Server({ size: 5, partSize: 10 });
  const file = fileOf('abcde');
  const task = taskFor(server, file);
  task.putPart = async () => {
    file.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException('changed', 'NotReadableError')) });
    throw cut();
  };
  await task.start();
  assert.equal(task.state, 'failed');
  assert.ok(task.error instanceof UnreadableFile);
  assert.ok(!task.canRetry);
});

test('records of another person on the same computer are not seen', () => {
  records.save({ id: 'a', startedAt: 1 });
  assert.equal(new UploadRecords(storage, '8').all().length, 0);
  assert.equal(new UploadRecords(storage, '7').all().length, 1);
});
