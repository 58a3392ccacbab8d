// Unfinished uploads that this browser remembers, so that a reload or a crash loses no finished part.

const PREFIX = 'sheping:upload:';

export class UploadRecords {
  constructor(storage, person) {
    this.storage = storage;
    this.prefix = `${PREFIX}${person}:`;
  }

  all() {
    const found = [];
    for (let i = 0; i < this.storage.length; i += 1) {
      const name = this.storage.key(i);
      if (name.startsWith(this.prefix)) found.push(JSON.parse(this.storage.getItem(name)));
    }
    return found.sort((a, b) => a.startedAt - b.startedAt);
  }

  /** Without room or storage the upload goes on; it just cannot be resumed after a reload. */
  save(record) {
    try {
      this.storage.setItem(this.prefix + record.id, JSON.stringify(record));
    } catch (error) {
      console.warn('this upload cannot be resumed after a reload', error);
    }
  }

  remove(id) {
    this.storage.removeItem(this.prefix + id);
  }
}

/** A short hash of both ends of a file; where the browser gives no hash (plain http), its size alone must do. */
export async function fingerprintOf(file, subtle = globalThis.crypto?.subtle) {
  const edge = 64 * 1024;
  const ends = await new Blob([file.slice(0, edge), file.slice(Math.max(0, file.size - edge))]).arrayBuffer();
  if (!subtle) return `size-${file.size}`;
  const hash = new Uint8Array(await subtle.digest('SHA-256', ends));
  return [...hash.slice(0, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
