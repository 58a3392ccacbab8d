// Forms that htmx saves as they change: what a lost connection kept back is sent when it returns, and nothing is signed
// while something typed has not arrived. <form data-needs-saved> is one that must wait for the others of its page.
import htmx from 'htmx.org';
import { say } from './messages.js';
import { toast } from './toasts.js';

const RETRY_MS = 15_000;
const dirty = new WeakMap();

function selfSaving() {
  return [...document.querySelectorAll('form[hx-post][hx-trigger^="change"]')];
}

function unsaved() {
  return selfSaving().filter((form) => dirty.get(form));
}

function show(form, sentence) {
  let line = form.querySelector('[data-unsaved]');
  if (!line && !sentence) return;
  if (!line) {
    line = document.createElement('p');
    line.dataset.unsaved = '';
    line.className = 'sp-small sp-strong';
    line.setAttribute('role', 'status');
    form.prepend(line);
  }
  line.textContent = sentence;
  line.hidden = !sentence;
}

function save(form) {
  htmx.trigger(form, 'change');
}

export function watchSelfSaving() {
  // A draft that came back is on the page and not on the server.
  for (const form of selfSaving()) if (form.querySelector('.sp-draft')) dirty.set(form, 1);
  let typed = 1;
  document.addEventListener('input', (event) => {
    const form = event.target.closest?.('form[hx-post][hx-trigger^="change"]');
    if (form) dirty.set(form, (typed += 1));
  });
  const sent = new WeakMap();
  document.addEventListener('htmx:beforeSend', (event) => sent.set(event.detail.xhr, dirty.get(event.detail.elt) ?? 0));
  document.addEventListener('htmx:afterRequest', (event) => {
    const form = event.detail.elt;
    if (!event.detail.successful || !dirty.get(form)) return;
    show(form, '');
    // What was typed while it was on its way goes with the next.
    if (dirty.get(form) === sent.get(event.detail.xhr)) dirty.delete(form);
  });
  document.addEventListener('htmx:sendError', (event) => {
    if (!dirty.get(event.detail.elt)) return;
    show(event.detail.elt, say('kept_here'));
    setTimeout(() => navigator.onLine && unsaved().includes(event.detail.elt) && save(event.detail.elt), RETRY_MS);
  });
  window.addEventListener('offline', () => unsaved().forEach((form) => show(form, say('kept_here'))));
  window.addEventListener('online', () => unsaved().forEach(save));
  document.addEventListener(
    'submit',
    (event) => {
      if (!('needsSaved' in event.target.dataset) || !unsaved().length) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      unsaved().forEach(save);
      toast(say('saving_first'), 'bad');
    },
    true,
  );
}
