// The uploader on the page: `<div data-uploader>` from components/uploader.html, one row for each file.
import { format, readMessages } from './messages.js';
import { Pool, formatSize, matchResumable, objectionTo, remainingWords } from './upload-plan.js';
import { UploadRecords, fingerprintOf } from './upload-records.js';
import { UnreadableFile, UploadTask } from './upload-task.js';
import { api, putPart } from './upload-transport.js';

const RENDER_MS = 200;
const STAY_MS = 4000;
const pool = new Pool();
const running = new Set();

function tellPage(id, state) {
  document.body.dispatchEvent(new CustomEvent('uploader:changed', { bubbles: true, detail: { id, state } }));
}

class Row {
  constructor(uploader, name) {
    this.uploader = uploader;
    this.element = uploader.rowTemplate.content.firstElementChild.cloneNode(true);
    this.part('name').textContent = name;
    uploader.list.append(this.element);
    for (const button of this.element.querySelectorAll('button')) {
      const label = button.getAttribute('aria-label') ?? button.textContent.trim();
      button.setAttribute('aria-label', `${label}:${name}`);
    }
  }

  part(role) {
    return this.element.querySelector(`[data-role="${role}"]`);
  }

  show(state, words) {
    this.element.className = `sp-upload sp-upload--${state}`;
    this.part('state').textContent = words;
  }

  buttons({ cancel = false, retry = false, dismiss = false }) {
    this.part('cancel').hidden = !cancel;
    this.part('retry').hidden = !retry;
    this.part('dismiss').hidden = !dismiss;
  }

  reasons(reasons) {
    const list = this.part('reasons');
    list.replaceChildren(
      ...reasons.map(({ message, location }) => {
        const line = document.createElement('li');
        line.textContent = location ? `${location}:${message}` : message;
        return line;
      }),
    );
    list.hidden = reasons.length === 0;
  }

  remove() {
    const hadFocus = this.element.contains(document.activeElement);
    this.element.remove();
    if (hadFocus) this.uploader.input.focus();
  }
}

class Uploader {
  constructor(root) {
    this.root = root;
    this.options = {
      purpose: root.dataset.purpose,
      subject: root.dataset.subject || undefined,
      accept: root.dataset.accept,
      maxSize: Number(root.dataset.maxSize) || 0,
      base: root.dataset.createdUrl,
    };
    this.input = root.querySelector('input[type="file"]');
    this.zone = root.querySelector('.sp-drop');
    this.list = root.querySelector('[data-role="list"]');
    this.live = root.querySelector('[data-role="announce"]');
    this.rowTemplate = root.querySelector('template[data-row]');
    this.messages = readMessages(root.querySelector('template[data-messages]'));
    this.records = new UploadRecords(localStorage, document.body.dataset.person ?? '');
    this.tasks = new Set();
    this.input.addEventListener('change', () => this.#choose());
    this.zone.addEventListener('dragenter', () => this.zone.classList.add('is-over'));
    this.zone.addEventListener('dragleave', (event) => {
      if (!this.zone.contains(event.relatedTarget)) this.zone.classList.remove('is-over');
    });
    this.zone.addEventListener('drop', () => this.zone.classList.remove('is-over'));
    this.#recall();
    // Chosen before this script had started: the event is over, the files are there.
    if (this.input.files.length) this.#choose();
  }

  say(key, values) {
    return format(this.messages[key] ?? key, values);
  }

  announce(text) {
    this.live.textContent = text;
  }

  #mine() {
    const { purpose, subject } = this.options;
    return this.records.all().filter((one) => one.purpose === purpose && (one.subject ?? null) === (subject ?? null));
  }

  /** Files that an earlier page left unfinished wait for their file; the server is asked whether they still can go on. */
  async #recall() {
    for (const record of this.#mine()) {
      try {
        const found = await api('GET', `${this.options.base}/${record.id}`);
        if (found.state === 'receiving') this.#offer(record);
        else this.records.remove(record.id);
      } catch (error) {
        if (error.status === 404 || error.status === 410) this.records.remove(record.id);
        else console.warn('an unfinished upload could not be looked up', error);
      }
    }
  }

  #offer(record) {
    const row = new Row(this, record.name);
    row.show('paused', this.say('resumable', { size: formatSize(record.size) }));
    row.part('progress').hidden = true;
    row.buttons({ dismiss: true });
    row.element.dataset.record = record.id;
    row.part('dismiss').addEventListener('click', async () => {
      this.records.remove(record.id);
      row.remove();
      await this.#tryAbort(record.id);
    });
  }

  async #tryAbort(id) {
    try {
      await api('POST', `${this.options.base}/${id}/abort`);
    } catch (error) {
      // The server sweeps what nobody finishes; there is nothing for the person to do.
      console.warn('the server could not be told to drop an upload', error);
    }
  }

  #choose() {
    const files = [...this.input.files];
    this.input.value = '';
    for (const file of files) this.#take(file);
  }

  async #take(file) {
    const objection = objectionTo(file, this.options);
    if (objection) {
      this.#refuse(new Row(this, file.name), this.say(objection.key, objection.values));
      return;
    }
    const record = await this.#recordOf(file);
    if (this.#isSending(file)) {
      this.announce(this.say('already', { name: file.name }));
      return;
    }
    const row = new Row(this, file.name);
    const task = new UploadTask({ file, ...this.options, api, putPart, pool, records: this.records });
    this.tasks.add(task);
    running.add(task);
    this.#bind(task, row);
    await task.start(record);
  }

  #isSending({ name, size }) {
    return [...this.tasks].some((task) => task.isSending && task.file.name === name && task.file.size === size);
  }

  #refuse(row, words) {
    row.show('failed', words);
    row.part('progress').hidden = true;
    row.buttons({ dismiss: true });
    row.part('dismiss').addEventListener('click', () => row.remove());
    this.announce(words);
  }

  async #recordOf(file) {
    const records = this.#mine();
    if (!records.length) return null;
    try {
      const fingerprint = await fingerprintOf(file);
      const { name, size, lastModified } = file;
      const { purpose, subject } = this.options;
      const record = matchResumable(records, { name, size, lastModified, fingerprint, purpose, subject });
      if (record && !this.#isSending(file)) this.#forgetOffer(record.id);
      return record;
    } catch (error) {
      console.warn('the file could not be compared with unfinished ones', error);
      return null; // The task meets the same trouble and says so.
    }
  }

  #forgetOffer(id) {
    for (const row of this.list.children) {
      if (row.dataset.record === id) row.remove();
    }
  }

  #bind(task, row) {
    let drawn = 0;
    const draw = () => {
      drawn = Date.now();
      this.#draw(task, row);
    };
    let later;
    task.addEventListener('change', () => {
      clearTimeout(later);
      if (Date.now() - drawn >= RENDER_MS) draw();
      else later = setTimeout(draw, RENDER_MS);
    });
    task.addEventListener('state', () => {
      clearTimeout(later);
      draw();
      this.#changed(task, row);
    });
    row.part('cancel').addEventListener('click', () => this.#cancel(task, row));
    row.part('retry').addEventListener('click', () => {
      running.add(task);
      task.retry();
      this.input.focus();
    });
    row.part('dismiss').addEventListener('click', () => this.#drop(task, row));
    draw();
  }

  async #cancel(task, row) {
    running.delete(task);
    this.tasks.delete(task);
    row.remove();
    this.announce(this.say('cancelled', { name: task.file.name }));
    try {
      await task.cancel();
    } catch (error) {
      console.warn('the server could not be told to drop an upload', error);
    }
  }

  async #drop(task, row) {
    this.tasks.delete(task);
    row.remove();
    if (task.state === 'failed' && task.record) {
      this.records.remove(task.record.id);
      await this.#tryAbort(task.record.id);
    }
  }

  #changed(task, row) {
    const { state } = task;
    if (['received', 'checked', 'rejected', 'failed', 'cancelled'].includes(state)) running.delete(task);
    if (['received', 'checked', 'rejected'].includes(state)) tellPage(task.id, state);
    if (['uploading', 'paused', 'received', 'checked', 'rejected', 'failed'].includes(state)) {
      this.announce(`${task.file.name}:${this.#words(task)}`);
    }
    // The page's own list of files shows it from here on.
    if (state === 'checked') {
      setTimeout(() => {
        this.tasks.delete(task);
        row.remove();
      }, STAY_MS);
    }
  }

  #draw(task, row) {
    const { state, file } = task;
    row.show(state, this.#words(task));
    const bar = row.part('progress');
    bar.hidden = ['checked', 'rejected', 'failed', 'cancelled'].includes(state);
    if (['received', 'checking', 'finishing', 'preparing'].includes(state)) bar.removeAttribute('value');
    else bar.value = file.size ? task.sentBytes / file.size : 0;
    row.reasons(state === 'rejected' ? (task.result?.reasons ?? []) : []);
    row.buttons({
      cancel: task.isSending && state !== 'finishing',
      retry: task.canRetry,
      dismiss: state === 'failed' || state === 'rejected' || state === 'checked',
    });
  }

  #words(task) {
    if (task.state === 'uploading') return this.#progressWords(task);
    if (task.state === 'failed') return this.#failureWords(task);
    return this.say(task.state, { name: task.file.name });
  }

  #progressWords({ file, sentBytes, speed, troubled }) {
    if (troubled) return this.say('retrying');
    if (sentBytes === 0) return this.say('queued');
    const rate = speed.perSecond();
    const left = remainingWords(rate > 0 ? (file.size - sentBytes) / rate : Infinity);
    return this.say('uploading', {
      percent: Math.min(99, Math.floor((sentBytes / file.size) * 100)),
      sent: formatSize(sentBytes),
      size: formatSize(file.size),
      speed: formatSize(rate),
      remaining: this.say(left.key, left.values),
    });
  }

  #failureWords({ error }) {
    if (error instanceof UnreadableFile) return this.say('unreadable');
    if (error.name === 'NetworkError') return this.say('no_answer');
    if (error.status === 401) return this.say('session_expired');
    return error.detail || this.say('failed');
  }
}

export function mountAll(root) {
  for (const element of root.querySelectorAll('[data-uploader]')) {
    if (element.dataset.mounted) continue;
    element.dataset.mounted = 'yes';
    new Uploader(element);
  }
}

// A file dropped beside the zone must not replace the page.
for (const kind of ['dragover', 'drop']) {
  document.addEventListener(kind, (event) => {
    if (!event.target.closest?.('.sp-drop')) event.preventDefault();
  });
}

window.addEventListener('beforeunload', (event) => {
  if ([...running].some((task) => task.isSending)) event.preventDefault();
});
