// Forms with data-autosave="key" keep what is typed until it has arrived: a lost session loses nothing.
import { DraftStore } from './draft-store.js';
import { say } from './messages.js';

const SKIPPED = new Set(['password', 'file', 'hidden', 'submit', 'button', 'reset', 'image']);
const PAUSE_MS = 400;

function fieldsOf(form) {
  return [...form.elements].filter(
    (field) => field.name && !SKIPPED.has(field.type) && field.name !== 'csrf_token' && !('noAutosave' in field.dataset),
  );
}

function valueOf(field) {
  if (field.type === 'checkbox' || field.type === 'radio') return field.checked;
  if (field.multiple && field.options) return [...field.selectedOptions].map((option) => option.value);
  return field.value;
}

/** The address of a field in a draft: repeated names (radios, tick boxes) are told apart by their value. */
function addressOf(field) {
  return field.type === 'checkbox' || field.type === 'radio' ? `${field.name}=${field.value}` : field.name;
}

function snapshot(form) {
  return Object.fromEntries(fieldsOf(form).map((field) => [addressOf(field), valueOf(field)]));
}

function apply(form, values) {
  let changed = false;
  for (const field of fieldsOf(form)) {
    const value = values[addressOf(field)];
    if (value === undefined || JSON.stringify(value) === JSON.stringify(valueOf(field))) continue;
    changed = true;
    if (typeof value === 'boolean') field.checked = value;
    else if (Array.isArray(value)) for (const option of field.options) option.selected = value.includes(option.value);
    else field.value = value;
  }
  return changed;
}

function announce(form, savedAt, discard) {
  const line = document.createElement('div');
  line.className = 'sp-draft';
  line.setAttribute('role', 'status');
  const words = document.createElement('span');
  const time = new Intl.DateTimeFormat(document.documentElement.lang, {
    month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Shanghai',
  }).format(savedAt);
  words.textContent = say('draft_restored', { time });
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn btn-sp-plain btn-sp-small';
  button.textContent = say('draft_discard');
  button.addEventListener('click', () => {
    discard();
    line.remove();
  });
  line.append(words, button);
  form.prepend(line);
}

function bind(form, store) {
  if (form.dataset.autosaveBound) return;
  form.dataset.autosaveBound = 'yes';
  const key = form.dataset.autosave;
  const original = snapshot(form);
  const refused = form.querySelector('[aria-invalid="true"], [data-errorsummary]');
  const draft = store.read(key);
  // After a refusal the server has given the typed values back already.
  if (draft && !refused && apply(form, draft.values)) {
    announce(form, draft.savedAt, () => {
      store.remove(key);
      apply(form, original);
    });
  }
  let timer;
  const save = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      form.dataset.draft = store.write(key, snapshot(form)) ? 'kept' : 'lost';
    }, PAUSE_MS);
  };
  form.addEventListener('input', save);
  form.addEventListener('change', save);
  form.addEventListener('submit', () => {
    clearTimeout(timer);
    store.write(key, snapshot(form));
    store.markSent(key);
  });
  form.addEventListener('htmx:afterRequest', (event) => {
    if (event.detail.successful && event.detail.elt === form) {
      clearTimeout(timer);
      store.remove(key);
    }
  });
}

/** Forms that were sent and are not shown again, or are shown with a word of success, have arrived. */
function forgetArrived(store) {
  const succeeded = document.querySelector('[data-flash="good"]');
  for (const key of store.sentKeys()) {
    const shown = document.querySelector(`form[data-autosave="${CSS.escape(key)}"]`);
    if (!shown || succeeded) store.remove(key);
  }
}

/** Where nobody is signed in, a sent form of a person met an ended session; one of a visitor met its answer. */
function settleSent(store, person) {
  if (person) forgetArrived(store);
  else if (document.querySelector('[data-flash="good"]')) for (const key of store.sentKeys()) store.remove(key);
  if (!person) store.unmarkSent();
}

export function watchDrafts() {
  const person = document.body.dataset.person ?? '';
  const store = new DraftStore(localStorage, person);
  settleSent(store, person);
  const bindAll = (root) => {
    for (const form of root.querySelectorAll('form[data-autosave]')) bind(form, store);
  };
  bindAll(document);
  document.addEventListener('htmx:load', (event) => bindAll(event.target.parentNode ?? document));
  document.addEventListener('submit', (event) => {
    if (event.target.matches('[data-signs-out]')) store.removeAll();
  });
}
