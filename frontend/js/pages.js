// Small habits of every page: focus on errors, one submit per click, printing, copying, filters that apply themselves.
import { say } from './messages.js';
import { toast } from './toasts.js';

const GUARD_MS = 4000;

function focusErrors(root) {
  root.querySelector('[data-errorsummary]')?.focus();
}

/** A second press of a plain form's button within four seconds is a slip, not a wish. */
function guardDoubleSubmit(event) {
  const form = event.target;
  if (form.method !== 'post' || form.hasAttribute('hx-post') || event.defaultPrevented) return;
  if (form.dataset.sending) {
    event.preventDefault();
    return;
  }
  form.dataset.sending = 'yes';
  setTimeout(() => delete form.dataset.sending, GUARD_MS);
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    toast(say('copied'));
  } catch (error) {
    console.warn('copying was refused', error);
    getSelection().selectAllChildren(source);
    toast(say('copy_by_hand'));
  }
}

/** Left and right turn the pages of a long text, unless somebody is typing or means the browser's own keys. */
function turnPage(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  if (event.target.closest?.('input, textarea, select, [contenteditable], dialog')) return;
  document.querySelector(`[data-key="${event.key}"]`)?.click();
}

export function watchPages() {
  focusErrors(document);
  document.addEventListener('htmx:afterSettle', (event) => focusErrors(event.target));
  document.addEventListener('submit', guardDoubleSubmit);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') turnPage(event);
  });
  window.addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-sending]')) delete form.dataset.sending;
  });
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-print], [data-copy], [data-back]');
    if (!button) return;
    if ('print' in button.dataset) window.print();
    else if ('back' in button.dataset) history.back();
    else copy(button);
  });
  document.addEventListener('change', (event) => {
    if (event.target.closest('[data-apply-on-change]')) event.target.form?.requestSubmit();
  });
}
