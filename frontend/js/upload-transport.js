// Requests of the uploader: our API by fetch, parts straight to the object store by XHR (fetch has no progress).
import { csrfToken, renewCsrf, showSessionExpired } from './session.js';

/** The server answered, but not with what was asked. `detail` is its own sentence, if it gave one. */
export class HttpError extends Error {
  constructor(status, detail = '', code = '') {
    super(detail || `HTTP ${status}`);
    this.name = 'HttpError';
    this.status = status;
    this.detail = detail;
    this.code = code;
  }
}

/** No answer at all: the network, or a server that is down. */
export class NetworkError extends Error {
  constructor() {
    super('network');
    this.name = 'NetworkError';
  }
}

async function problemOf(response) {
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.includes('json')) return new HttpError(response.status);
  const { detail, title, code } = await response.json();
  return new HttpError(response.status, detail || title, code);
}

async function send(method, url, body, signal) {
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-CSRFToken'] = csrfToken();
  if (body) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(url, { method, headers, body: body && JSON.stringify(body), signal, credentials: 'same-origin' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new NetworkError();
  }
}

/** One call of our API: parsed JSON, or null where there is no body. Raises HttpError, NetworkError, AbortError. */
export async function api(method, url, { body, signal } = {}) {
  let response = await send(method, url, body, signal);
  const token = response.headers.get('X-CSRFToken');
  if (!response.ok && token) {
    renewCsrf(token);
    response = await send(method, url, body, signal);
  }
  if (response.status === 401) showSessionExpired();
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json().catch(() => null);
}

/** PUT one part; resolves to its ETag. `onProgress(loaded)` counts bytes of this part. */
export function putPart(url, blob, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const stop = () => xhr.abort();
    const settle = (how, value) => {
      signal.removeEventListener('abort', stop);
      how(value);
    };
    xhr.upload.addEventListener('progress', (event) => onProgress(event.loaded));
    xhr.addEventListener('load', () => {
      const etag = xhr.getResponseHeader('ETag');
      if (xhr.status >= 200 && xhr.status < 300 && etag) settle(resolve, etag);
      else settle(reject, new HttpError(xhr.status));
    });
    xhr.addEventListener('error', () => settle(reject, new NetworkError()));
    xhr.addEventListener('timeout', () => settle(reject, new NetworkError()));
    xhr.addEventListener('abort', () => settle(reject, new DOMException('cancelled', 'AbortError')));
    signal.addEventListener('abort', stop, { once: true });
    xhr.open('PUT', url);
    // A pre-signed address is the whole permission: no cookie and no type go along.
    xhr.send(blob);
  });
}
