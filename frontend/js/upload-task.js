// One file on its way: created, its parts sent, completed, checked. States and their order are here; the page is not.
import { MAX_RETRIES, SpeedMeter, etagsOf, missingParts, planParts, retryDelay } from './upload-plan.js';
import { fingerprintOf } from './upload-records.js';

const POLL_MS = [1000, 1000, 1500, 2000, 3000];
const PROBE_MS = 3000;
const GONE = new Set([404, 409, 410]);

/** A file that the browser can no longer read: moved, changed, or a folder. */
export class UnreadableFile extends Error {
  constructor() {
    super('unreadable');
    this.name = 'UnreadableFile';
  }
}

const sleepFor = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      signal?.removeEventListener('abort', stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(new DOMException('cancelled', 'AbortError'));
    }
    signal?.addEventListener('abort', stop, { once: true });
  });

/** Resolves when the browser says that it is online again. */
function untilOnline(signal) {
  return new Promise((resolve, reject) => {
    globalThis.addEventListener('online', resolve, { once: true, signal });
    signal?.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError')), { once: true });
  });
}

const browserEnvironment = {
  sleep: sleepFor,
  untilOnline,
  isOnline: () => globalThis.navigator?.onLine !== false,
  random: Math.random,
  clock: Date.now,
};

/**
 * states: queued → preparing → uploading ⇄ paused → finishing → received → checking → checked | rejected,
 * or failed (retry() goes on from the parts that arrived) or cancelled. Emits `change` and, on state, `state`.
 */
export class UploadTask extends EventTarget {
  constructor({ file, purpose, subject, base, api, putPart, pool, records, environment = {} }) {
    super();
    Object.assign(this, { file, purpose, subject, base, api, putPart, pool, records });
    this.environment = { ...browserEnvironment, ...environment };
    this.state = 'queued';
    this.id = null;
    this.error = null;
    this.result = null;
    this.troubled = false;
    this.loaded = new Map();
    this.etags = new Map();
    this.urls = new Map();
    this.speed = new SpeedMeter(this.environment.clock);
    this.stop = new AbortController();
  }

  get sentBytes() {
    let total = 0;
    for (const bytes of this.loaded.values()) total += bytes;
    return Math.min(total, this.file.size);
  }

  get isSending() {
    return ['queued', 'preparing', 'uploading', 'paused', 'finishing'].includes(this.state);
  }

  get canRetry() {
    return this.state === 'failed' && !(this.error instanceof UnreadableFile);
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event('state'));
    this.dispatchEvent(new Event('change'));
  }

  /** Sends the file, from `record` on where one is given. Never rejects: failures are a state. */
  async start(record = null) {
    this.stop = new AbortController();
    this.error = null;
    try {
      this.#become('preparing');
      await this.#open(record);
      await this.#sendParts();
      await this.#complete();
      await this.#watch();
    } catch (error) {
      if (this.stop.signal.aborted && this.state === 'cancelled') return;
      this.stop.abort();
      this.error = error;
      this.#become('failed');
    }
  }

  retry() {
    return this.start(this.record);
  }

  /** Stops at once and tells the server to forget the parts. */
  async cancel() {
    const { id } = this;
    this.#become('cancelled');
    this.stop.abort();
    if (!id) return;
    this.records.remove(id);
    await this.api('POST', `${this.base}/${id}/abort`);
  }

  async #open(record) {
    const fingerprint = await this.#fingerprint();
    if (record && (await this.#resume(record))) return;
    const { file, purpose, subject } = this;
    const body = { name: file.name, size: file.size, purpose };
    if (subject) body.subject_id = subject;
    const made = await this.#persist(() => this.api('POST', this.base, { body, signal: this.stop.signal }));
    this.record = {
      id: made.id,
      partSize: made.part_size,
      name: file.name,
      size: file.size,
      lastModified: file.lastModified,
      fingerprint,
      purpose,
      subject: subject ?? null,
      startedAt: this.environment.clock(),
    };
    this.records.save(this.record);
    this.etags = new Map();
    this.#adopt(made.id, made.part_size, made.parts);
  }

  async #fingerprint() {
    try {
      return await fingerprintOf(this.file);
    } catch {
      throw new UnreadableFile();
    }
  }

  /** True when the server still has the upload; false when it must begin anew. */
  async #resume(record) {
    try {
      const { parts } = await this.#persist(() => this.#partsOf(record.id));
      this.record = record;
      this.etags = etagsOf(parts);
      this.#adopt(record.id, record.partSize, parts);
      return true;
    } catch (error) {
      if (!GONE.has(error.status)) throw error;
      this.records.remove(record.id);
      this.record = null;
      return false;
    }
  }

  #partsOf(id) {
    return this.api('GET', `${this.base}/${id}/parts`, { signal: this.stop.signal });
  }

  #adopt(id, partSize, parts) {
    this.id = id;
    this.plan = planParts(this.file.size, partSize);
    this.urls = new Map(parts.map((part) => [part.number, part.url]));
    this.loaded = new Map(
      this.plan.filter((part) => this.etags.has(part.number)).map((part) => [part.number, part.end - part.start]),
    );
  }

  async #sendParts() {
    this.#become('uploading');
    const missing = missingParts(this.plan, this.etags);
    await Promise.all(missing.map((part) => this.pool.run(() => this.#sendPart(part))));
  }

  async #sendPart(part) {
    const { signal } = this.stop;
    signal.throwIfAborted();
    const etag = await this.#persist(
      async () => {
        const url = this.urls.get(part.number);
        try {
          return await this.putPart(url, this.file.slice(part.start, part.end), {
            signal,
            onProgress: (bytes) => this.#progress(part.number, bytes),
          });
        } catch (error) {
          this.loaded.delete(part.number);
          if (error.status === 403) await this.#renewUrls(url, part.number);
          throw error;
        }
      },
      { retryForbidden: true },
    );
    this.etags.set(part.number, etag);
    this.#progress(part.number, part.end - part.start);
  }

  #progress(number, bytes) {
    this.troubled = false;
    this.speed.add(bytes - (this.loaded.get(number) ?? 0));
    this.loaded.set(number, bytes);
    this.dispatchEvent(new Event('change'));
  }

  /** An address that has expired is renewed for all parts at once, by whichever part noticed first. */
  async #renewUrls(stale, number) {
    if (this.urls.get(number) !== stale) return;
    this.renewing ??= this.#partsOf(this.id).finally(() => {
      this.renewing = null;
    });
    const { parts } = await this.renewing;
    for (const fresh of parts) this.urls.set(fresh.number, fresh.url);
  }

  async #complete() {
    this.#become('finishing');
    const parts = this.plan.map(({ number }) => ({ number, etag: this.etags.get(number) }));
    const url = `${this.base}/${this.id}/complete`;
    try {
      await this.#persist(() => this.api('POST', url, { body: { parts }, signal: this.stop.signal }));
    } catch (error) {
      if (!(error.status >= 400 && error.status < 500)) throw error;
      // The answer to an earlier try may have been lost; else the store holds other parts than we remember.
      const now = await this.#persist(() => this.api('GET', `${this.base}/${this.id}`, { signal: this.stop.signal }));
      if (now.state === 'receiving') throw error;
    }
    this.records.remove(this.id);
    this.record = null;
    this.#become('received');
  }

  async #watch() {
    for (let round = 0; ; round += 1) {
      const found = await this.#persist(() => this.api('GET', `${this.base}/${this.id}`, { signal: this.stop.signal }));
      this.result = found;
      if (found.state === 'checked' || found.state === 'rejected') {
        this.#become(found.state);
        return;
      }
      if (found.state === 'checking') this.#become('checking');
      await this.environment.sleep(POLL_MS[Math.min(round, POLL_MS.length - 1)], this.stop.signal);
    }
  }

  /** Repeats what can be repeated: six retries with growing pauses; while the network is away it only waits. */
  async #persist(act, { retryForbidden = false } = {}) {
    for (let attempt = 0; ; ) {
      try {
        return await act();
      } catch (error) {
        if (this.stop.signal.aborted || error.name === 'AbortError') throw error;
        if (error.name === 'NetworkError') {
          await this.#assertReadable();
          if (await this.#waitForNetwork()) continue;
        } else if (!(error.status >= 500 || error.status === 429 || (retryForbidden && error.status === 403))) {
          throw error;
        }
        if (attempt >= MAX_RETRIES) throw error;
        this.troubled = true;
        this.dispatchEvent(new Event('change'));
        await this.environment.sleep(retryDelay(attempt, this.environment.random), this.stop.signal);
        attempt += 1;
      }
    }
  }

  /** A changed file looks like a broken network to XHR: reading one byte tells them apart. */
  async #assertReadable() {
    try {
      await this.file.slice(0, 1).arrayBuffer();
    } catch {
      throw new UnreadableFile();
    }
  }

  /** True when the network was away and is back; false when our own server answers all along. */
  async #waitForNetwork() {
    this.waiting ??= this.#probe().finally(() => {
      this.waiting = null;
    });
    return this.waiting;
  }

  async #probe() {
    const { signal } = this.stop;
    const before = this.state;
    for (let wasAway = false; ; wasAway = true) {
      if (this.environment.isOnline() && (await this.#answers())) {
        if (wasAway) this.#become(before);
        return wasAway;
      }
      this.#become('paused');
      const online = new AbortController();
      const give = () => online.abort();
      signal.addEventListener('abort', give, { once: true });
      await Promise.race([this.environment.sleep(PROBE_MS, signal), this.environment.untilOnline(online.signal)]).catch(
        (error) => {
          if (signal.aborted) throw error;
        },
      );
      signal.removeEventListener('abort', give);
      online.abort();
    }
  }

  async #answers() {
    try {
      await this.api('GET', this.id ? `${this.base}/${this.id}` : '/healthz', { signal: this.stop.signal });
      return true;
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      return error.name !== 'NetworkError';
    }
  }
}
