// Drafts of forms, in localStorage, apart for each person and form. No DOM here: tested with node.

const PREFIX = 'sheping:draft:';
export const KEEP_MS = 14 * 24 * 3600 * 1000;

export class DraftStore {
  constructor(storage, person, clock = Date.now) {
    this.storage = storage;
    this.person = person;
    this.clock = clock;
  }

  #name(key) {
    return `${PREFIX}${this.person}:${key}`;
  }

  read(key) {
    const text = this.storage.getItem(this.#name(key));
    if (!text) return null;
    try {
      const draft = JSON.parse(text);
      if (this.clock() - draft.savedAt < KEEP_MS) return draft;
    } catch {
      // Not ours or cut short: it helps nobody, so it goes below.
    }
    this.remove(key);
    return null;
  }

  /** False when the browser has no room or no storage: the caller tells the person nothing was kept. */
  write(key, values) {
    try {
      this.storage.setItem(this.#name(key), JSON.stringify({ values, savedAt: this.clock(), sent: false }));
      return true;
    } catch {
      return false;
    }
  }

  /** The form was sent; whether it arrived is known on the next page. */
  markSent(key) {
    const draft = this.read(key);
    if (draft) this.storage.setItem(this.#name(key), JSON.stringify({ ...draft, sent: true }));
  }

  remove(key) {
    this.storage.removeItem(this.#name(key));
  }

  #keysOf(prefix) {
    const names = [];
    for (let i = 0; i < this.storage.length; i += 1) {
      const name = this.storage.key(i);
      if (name.startsWith(prefix)) names.push(name);
    }
    return names.map((name) => name.slice(prefix.length));
  }

  sentKeys() {
    return this.#keysOf(`${PREFIX}${this.person}:`).filter((key) => this.read(key)?.sent);
  }

  /** The session had ended: what was sent under it has not arrived, whoever's it was. */
  unmarkSent() {
    for (const rest of this.#keysOf(PREFIX)) {
      const text = this.storage.getItem(PREFIX + rest);
      // Ours ends with the mark; anything else is left to read(), which throws damaged drafts away.
      if (text.endsWith('"sent":true}')) this.storage.setItem(PREFIX + rest, text.replace(/true}$/, 'false}'));
    }
  }

  /** On signing out by choice nothing is left on a shared computer. */
  removeAll() {
    for (const rest of this.#keysOf(PREFIX)) this.storage.removeItem(PREFIX + rest);
  }
}
