// The arithmetic of an upload: parts, retries, speed, what can be resumed. No DOM, no network: tested with node.

export const PARALLEL_PARTS = 4;
export const MAX_RETRIES = 6;
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;
const SPEED_WINDOW_MS = 6000;

/** The byte ranges of a file, numbered from 1; the last part is what is left. */
export function planParts(size, partSize) {
  if (!(size > 0) || !(partSize > 0)) throw new RangeError(`no parts for ${size} bytes by ${partSize}`);
  const parts = [];
  for (let start = 0; start < size; start += partSize) {
    parts.push({ number: parts.length + 1, start, end: Math.min(start + partSize, size) });
  }
  return parts;
}

/** What the server has, by number: only parts that it names done and whose ETag it gives back. */
export function etagsOf(serverParts) {
  return new Map(serverParts.filter((part) => part.done && part.etag).map((part) => [part.number, part.etag]));
}

export function missingParts(plan, etags) {
  return plan.filter((part) => !etags.has(part.number));
}

/** Milliseconds before retry `attempt` (0 for the first): doubling, capped, and between half and the whole of it. */
export function retryDelay(attempt, random = Math.random) {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return whole / 2 + (random() * whole) / 2;
}

/** Which unfinished upload a chosen file belongs to: the same bytes by every sign we have, for the same purpose. */
export function matchResumable(records, { name, size, lastModified, fingerprint, purpose, subject }) {
  return (
    records.find(
      (record) =>
        record.name === name &&
        record.size === size &&
        record.lastModified === lastModified &&
        record.fingerprint === fingerprint &&
        record.purpose === purpose &&
        (record.subject ?? null) === (subject ?? null),
    ) ?? null
  );
}

/** Why a file cannot be sent at all, as {key, values} of the uploader's sentences; null when it can. */
export function objectionTo({ name, size }, { accept, maxSize }) {
  if (size === 0) return { key: 'empty', values: { name } };
  if (maxSize && size > maxSize) return { key: 'too_big', values: { name, max: formatSize(maxSize) } };
  const endings = (accept ?? '').split(',').map((one) => one.trim().toLowerCase()).filter((one) => one.startsWith('.'));
  if (endings.length && !endings.some((ending) => name.toLowerCase().endsWith(ending))) {
    return { key: 'wrong_type', values: { name, accept: endings.join(' ') } };
  }
  return null;
}

/** Bytes in the units of the server's file_size: 1 KB is 1024 bytes. */
export function formatSize(bytes) {
  let amount = bytes;
  for (const unit of ['B', 'KB', 'MB']) {
    if (amount < 1024) return unit === 'B' ? `${amount} B` : `${amount.toFixed(1)} ${unit}`;
    amount /= 1024;
  }
  return `${amount.toFixed(2)} GB`;
}

/** Seconds left in the words of the uploader: {key, values}. */
export function remainingWords(seconds) {
  if (!Number.isFinite(seconds)) return { key: 'remaining_unknown', values: {} };
  if (seconds < 60) return { key: 'remaining_seconds', values: { n: Math.max(1, Math.ceil(seconds / 5) * 5) } };
  if (seconds < 3600) return { key: 'remaining_minutes', values: { n: Math.ceil(seconds / 60) } };
  return { key: 'remaining_hours', values: { n: (seconds / 3600).toFixed(1) } };
}

/** Bytes a second over the last few seconds; a retried part that starts anew does not count backwards. */
export class SpeedMeter {
  constructor(clock = Date.now) {
    this.clock = clock;
    this.samples = [];
  }

  add(bytes) {
    if (bytes <= 0) return;
    this.samples.push({ at: this.clock(), bytes });
    this.#forget();
  }

  #forget() {
    const oldest = this.clock() - SPEED_WINDOW_MS;
    while (this.samples.length && this.samples[0].at < oldest) this.samples.shift();
  }

  perSecond() {
    this.#forget();
    if (!this.samples.length) return 0;
    const span = Math.max(500, this.clock() - this.samples[0].at);
    const total = this.samples.reduce((sum, sample) => sum + sample.bytes, 0);
    return (total * 1000) / span;
  }
}

/** At most `limit` tasks at once over all files, first come first served. */
export class Pool {
  constructor(limit = PARALLEL_PARTS) {
    this.free = limit;
    this.waiting = [];
  }

  async run(task) {
    if (this.free > 0) this.free -= 1;
    else await new Promise((go) => this.waiting.push(go));
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
