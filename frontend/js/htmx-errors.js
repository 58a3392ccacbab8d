// htmx: the CSRF header, a busy bar, polling that rests while nobody looks, and every failure in words.
import { say } from './messages.js';
import { csrfToken, renewCsrf, showSessionExpired } from './session.js';
import { toast } from './toasts.js';

const BY_STATUS = {
  400: 'bad_request',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  413: 'too_large',
  429: 'too_many',
  503: 'unavailable',
};

/** A refusal that the server marks as such is shown beside the form, which stays as it was typed. */
function showBeside(event) {
  const { xhr, elt } = event.detail;
  const form = elt.closest('form');
  if (!form || !xhr.responseText) return false;
  let place = form.querySelector('[data-problem]');
  if (!place) {
    place = document.createElement('div');
    place.dataset.problem = '';
    const actions = [...form.querySelectorAll('.sp-actions')].pop();
    if (actions) actions.before(place);
    else form.append(place);
  }
  place.innerHTML = xhr.responseText;
  place.scrollIntoView({ block: 'nearest' });
  return true;
}

function isMarkedError(xhr) {
  return Boolean(xhr.getResponseHeader('X-Error-Code'));
}

/** problem+json says why in its own words; anything else gets the sentence of its status. */
function sentenceFor(xhr) {
  if ((xhr.getResponseHeader('Content-Type') ?? '').includes('json')) {
    try {
      const problem = JSON.parse(xhr.responseText);
      if (problem.detail) return problem.detail;
    } catch (error) {
      console.warn('a JSON answer could not be read', error);
    }
  }
  const marked = isMarkedError(xhr) && new DOMParser().parseFromString(xhr.responseText, 'text/html');
  const detail = marked && marked.querySelector('[data-error-detail]')?.textContent.trim();
  return detail || say(BY_STATUS[xhr.status] ?? 'server_error');
}

function isPolling(event) {
  const trigger = event.detail.elt.closest('[hx-trigger]')?.getAttribute('hx-trigger') ?? '';
  return trigger.includes('every ') && !event.detail.requestConfig?.triggeringEvent;
}

function watchBusy() {
  const bar = document.getElementById('sp-busy');
  let running = 0;
  const show = (step) => {
    running = Math.max(0, running + step);
    bar?.classList.toggle('is-on', running > 0);
  };
  const counted = new WeakSet();
  document.addEventListener('htmx:beforeSend', (event) => {
    if (isPolling(event)) return;
    counted.add(event.detail.xhr);
    show(1);
  });
  document.addEventListener('htmx:afterRequest', (event) => {
    if (counted.delete(event.detail.xhr)) show(-1);
  });
}

export function watchHtmx() {
  document.addEventListener('htmx:configRequest', (event) => {
    if (event.detail.verb !== 'get') event.detail.headers['X-CSRFToken'] = csrfToken();
  });
  document.addEventListener('htmx:beforeRequest', (event) => {
    if (document.hidden && isPolling(event)) event.preventDefault();
  });
  document.addEventListener('htmx:beforeSwap', (event) => {
    if (!isMarkedError(event.detail.xhr)) return;
    event.detail.shouldSwap = false;
    event.detail.isError = true;
  });
  document.addEventListener('htmx:beforeRequest', (event) => {
    event.detail.elt.closest('form')?.querySelector('[data-problem]')?.replaceChildren();
  });
  document.addEventListener('htmx:responseError', (event) => {
    const { xhr } = event.detail;
    const token = xhr.getResponseHeader('X-CSRFToken');
    if (token) renewCsrf(token);
    if (xhr.status === 401) {
      showSessionExpired();
    } else if (token) {
      toast(say('csrf_renewed'), 'bad');
    } else if (isMarkedError(xhr) && showBeside(event)) {
      // Said beside the form.
    } else if (!isPolling(event) || xhr.status < 500) {
      toast(sentenceFor(xhr), 'bad');
    }
  });
  document.addEventListener('htmx:sendError', (event) => {
    if (!isPolling(event)) toast(say('network_error'), 'bad');
  });
  document.addEventListener('htmx:timeout', () => toast(say('timeout'), 'bad'));
  document.addEventListener('toast', (event) => toast(event.detail.text ?? event.detail.value, event.detail.tone));
  watchBusy();
}
